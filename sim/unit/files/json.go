package files

import "fmt"

// CheckJSON refuses a JSON text that has more values, or more of them within each other, than one of its kind may have. It is
// to be asked before the text is decoded: what decoding takes is memory for each value. What is not JSON it leaves to the
// decoder.
func CheckJSON(name string, line int, text []byte, k Kind) error {
	l := k.Limits()
	values, depth, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		if quoted {
			if c == '\\' {
				i++
			} else if c == '"' {
				quoted = false
			}
			continue
		}
		switch c {
		case '"':
			quoted = true
		case ',':
			values++
		case '{', '[':
			values++
			depth++
		case '}', ']':
			depth--
		}
		if l.Values > 0 && values > l.Values {
			return l.refuse(name, line, fmt.Sprintf("holds more than %d values", l.Values), fmt.Sprintf("at most %d values", l.Values))
		}
		if l.Depth > 0 && depth > l.Depth {
			return l.refuse(name, line, fmt.Sprintf("nests objects and lists more than %d deep", l.Depth), fmt.Sprintf("at most %d levels", l.Depth))
		}
	}
	return nil
}

package result

import (
	"bytes"
	"encoding/json"
)

// Encode writes a value as a line of JSON, as results and what stands beside them are written.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // schedules are full of >
	err := e.Encode(v)
	return b.Bytes(), err
}

package precision

import "fmt"

// This file has the kinds whose bits are known before the first pass.

func fp16() row {
	return row{KindInfo: KindInfo{Kind: KindFP16, Syntax: "fp16", Example: "fp16", Description: "every pass at 16 bits"}}
}

func uniform() row {
	return row{form: oneWidth, KindInfo: KindInfo{Kind: KindUniform, Syntax: "uniform:N", Example: "uniform:3",
		Description: "every pass at N bits"}}
}

func static() row {
	return row{form: fallingAtStep, KindInfo: KindInfo{Kind: KindStatic, Syntax: "static:A>B[>C…][@s1[,s2…]]",
		Example:     "static:4-3-2@85,170",
		Description: "A bits up to decode pass max(s1,1), then B, and so on; without @ the switches are evenly spread"}}
}

func recorded() row {
	return row{KindInfo: KindInfo{Kind: KindRecorded, Syntax: "recorded", Example: "recorded",
		Description: "as the trace says, pass by pass", Needs: NeedsRecordedBits}}
}

// follow lists the decisions of a policy that needs no scheduler.
func follow(policy Policy, passes int) []Decision {
	var all []Decision
	for pass := 1; pass <= passes; pass++ {
		at := policy.At(pass)
		all = append(all, Decision{Pass: pass, Bits: at.Max(), At: at, Reason: reason(policy, pass)})
	}
	return all
}

// reason says why a pass has its bits.
func reason(policy Policy, pass int) string {
	s, ok := policy.(Static)
	_, stored := policy.(throughout)
	switch {
	case stored:
		return "as the model's file stores it"
	case !ok:
		return "as recorded"
	case len(s.Steps) == 0:
		return "one precision throughout"
	case pass == 1:
		return firstPass
	}
	if level := s.level(pass); level < len(s.Steps) {
		return fmt.Sprintf("index %d < switch step %d", pass-1, s.Steps[level])
	}
	return fmt.Sprintf("index %d >= switch step %d", pass-1, s.Steps[len(s.Steps)-1])
}

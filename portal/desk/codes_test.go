package desk

import (
	"strings"
	"testing"
)

func TestWhatMayBeACodeIsMasked(t *testing.T) {
	for in, want := range map[string]string{
		"123456":             CodeMask,
		"my code is 123456.": "my code is " + CodeMask + ".",
		"123 456":            CodeMask,
		"12-34-56 ok":        CodeMask + " ok",
		"1 2 3 4 5 6":        CodeMask,
		"1, 2, 3, 4, 5, 6":   CodeMask,
		"123\u00a0456":       CodeMask,
		"123\u200b456":       CodeMask,
		"123–456":            CodeMask,
		"**123456**":         "**" + CodeMask + "**",
		"code123456x":        "code" + CodeMask + "x",
		"١٢٣٤٥٦":             CodeMask,
		"१२३ ४५६":            CodeMask,
		"１２３４５６":             CodeMask,
		"①②③④⑤⑥":             CodeMask,
		"1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣":       CodeMask,
		"𝟏𝟐𝟑𝟒𝟓𝟔":                   CodeMask,
		"first 111111 then 222222": "first " + CodeMask + " then " + CodeMask,
		"2 123 456":                "2 " + CodeMask,
		"123\n456":                 CodeMask,
		"12345":                    "12345",
		"1234567":                  "1234567",
		"error 0x80070005":         "error 0x80070005",
		"room 12 has 3456 seats":   "room 12 has 3456 seats",
		"¿Cómo va el ticket 17?":   "¿Cómo va el ticket 17?",
		"":                         "",
	} {
		got, masked := MaskCodes(in)
		if !strings.HasPrefix(got, want) || strings.TrimRight(strings.TrimPrefix(got, want), "\ufe0f\u20e3") != "" || masked != (want != in) {
			t.Errorf("%q: got %q %v, want %q", in, got, masked, want)
		}
	}
}

func FuzzMaskCodes(f *testing.F) {
	f.Add("a", "b")
	f.Add("1 ", "-2")
	f.Fuzz(func(t *testing.T, before, after string) {
		got, _ := MaskCodes(before + " x 493817 y " + after)
		if strings.Contains(got, "493817") {
			t.Errorf("%q %q: %q", before, after, got)
		}
		if again, _ := MaskCodes(got); again != got {
			t.Errorf("not idempotent: %q %q", got, again)
		}
	})
}

package help

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRender(t *testing.T) {
	for _, test := range []struct{ name, markdown, want string }{
		{"paragraph", "one two three\nfour `five` `six seven` **eight**\n[nine](http://x)", "one two three four five \"six\nseven\" eight nine\n"},
		{"heading", "a\n\n## The `b`\n\nc", "a\n\nTHE B\n\nc\n"},
		{"list", "- one two three four five six\n  seven\n- eight\n1. nine", "- one two three four five\n  six seven\n- eight\n1. nine\n"},
		{"an option begins no list", "-o writes\n--x too", "-o writes --x too\n"},
		{"code", "a:\n\n```console\n$ b   c  `d` | e\n\n| f |\n```\n\n    - g  h\n", "a:\n\n  $ b   c  `d` | e\n\n  | f |\n\n  - g  h\n"},
		{"table", "| a | b |\n| --- | --- |\n| `x y` | one two three four five six |\n| a \\| b | `c d` e |", "  A      B\n  x y    one two three four\n         five six\n  a | b  \"c d\" e\n"},
		{"table without a head", "| | |\n| --- | --- |\n| a | b |", "  a  b\n"},
		{"a word is not cut", "| a | b |\n| --- | --- |\n| 1 2 3 4 5 6 7 8 9 0 1 2 3 | abcdefghijklmnopqrstuvwx |", "  A                     B\n  1 2 3 4 5 6 7 8 9 0   abcdefghijklmnopqrstuvwx\n  1 2 3\n"},
		{"quotes", "`a \"b\"`", "a \"b\"\n"},
		{"picture", "a\n\n![b](c.png)\n\nd", "a\n\nd\n"},
		{"escapes", `a\_b \| c \* d`, "a_b | c * d\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Render(test.markdown, 28)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

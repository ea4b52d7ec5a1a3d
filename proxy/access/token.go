package access

import (
	"crypto/rand"
	"crypto/subtle"
)

// Token is a secret of one run, which goes with what changes something. Make it with
// [NewToken].
type Token string

// NewToken returns a new one, of 128 bits and more.
func NewToken() Token { return Token(rand.Text()) }

// Is reports whether text is the token, in a time that does not tell how much of it is
// right. No text is the zero Token.
func (t Token) Is(text string) bool {
	return t != "" && subtle.ConstantTimeCompare([]byte(t), []byte(text)) == 1
}

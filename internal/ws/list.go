package ws

// cursor reads the value of a header field that is a list (RFC 9110 5.6.1). Each method takes what it finds off the
// front.
type cursor struct{ b []byte }

// element steps over commas and empty elements and tells whether another element follows.
func (c *cursor) element() bool {
	for c.eat(',') {
	}
	return len(c.b) > 0
}

// ended tells whether an element ends here.
func (c *cursor) ended() bool {
	c.space()
	return len(c.b) == 0 || c.b[0] == ','
}

func (c *cursor) space() {
	for len(c.b) > 0 && (c.b[0] == ' ' || c.b[0] == '\t') {
		c.b = c.b[1:]
	}
}

// eat steps over white space, and then over ch if that is what comes.
func (c *cursor) eat(ch byte) bool {
	c.space()
	if len(c.b) == 0 || c.b[0] != ch {
		return false
	}
	c.b = c.b[1:]
	return true
}

// token reads a token (RFC 9110 5.6.2). It is empty if there is none.
func (c *cursor) token() []byte {
	c.space()
	n := 0
	for n < len(c.b) && isTokenByte(c.b[n]) {
		n++
	}
	t := c.b[:n]
	c.b = c.b[n:]
	return t
}

// quoted reads a token in quotes: RFC 6455 9.1 wants a token there too, so there is nothing to escape.
func (c *cursor) quoted() (token []byte, ok bool) {
	if !c.eat('"') {
		return nil, false
	}
	n := 0
	for n < len(c.b) && isTokenByte(c.b[n]) {
		n++
	}
	if n == 0 || n == len(c.b) || c.b[n] != '"' {
		return nil, false
	}
	token = c.b[:n]
	c.b = c.b[n+1:]
	return token, true
}

func isTokenByte(c byte) bool {
	switch c {
	case '"', '(', ')', ',', '/', ':', ';', '<', '=', '>', '?', '@', '[', '\\', ']', '{', '}':
		return false
	}
	return ' ' < c && c < 0x7f
}

// lists tells whether token, given in lower case, is in the list; ASCII case is ignored. An element with more than a
// token, such as a version, is another one.
func lists(value []byte, token string) bool {
	for c := (cursor{value}); c.element(); {
		t := c.token()
		if c.ended() && foldsTo(t, token) {
			return true
		}
		for len(c.b) > 0 && c.b[0] != ',' {
			c.b = c.b[1:]
		}
	}
	return false
}

// foldsTo compares b, with ASCII letters folded to lower case, with s.
func foldsTo(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != s[i] {
			return false
		}
	}
	return true
}

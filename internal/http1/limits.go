package http1

// Limits bounds what one request may cost. The zero value admits nothing; start from DefaultLimits.
// It is read only by this package and may be shared by all connections of a listener.
type Limits struct {
	// HeadBytesMax bounds the request head with its final empty line and any empty lines before it.
	// Over it: ErrHeadTooLarge.
	HeadBytesMax int
	// HeaderCountMax bounds the header lines. Over it: ErrTooManyHeaders.
	HeaderCountMax int
	// TargetBytesMax bounds the request target. Over it: ErrTargetTooLong. It should be smaller than
	// HeadBytesMax, or clients get 431 where they expect 414.
	TargetBytesMax int
	// BodyBytesMax bounds the decoded body. Over it: ErrBodyTooLarge.
	BodyBytesMax int
}

// DefaultLimits are the limits for a door that anybody can reach.
func DefaultLimits() Limits {
	return Limits{
		HeadBytesMax:   16 << 10,
		HeaderCountMax: 100,
		TargetBytesMax: 8 << 10,
		BodyBytesMax:   1 << 20,
	}
}

const (
	// MethodBytesMax bounds a method. The longest registered one has 17 bytes.
	MethodBytesMax = 32
	// EmptyLinesMax bounds the empty lines that are skipped before a request line.
	EmptyLinesMax = 4
	// ChunkSizeDigitsMax bounds the digits of one chunk size, leading zeros included.
	ChunkSizeDigitsMax = 16
	// ChunkExtensionBytesMax bounds all chunk extensions of one body together.
	ChunkExtensionBytesMax = 4 << 10
	// TrailerBytesMax bounds the trailer section behind a chunked body.
	TrailerBytesMax = 4 << 10
)

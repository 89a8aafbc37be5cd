package delivery

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/icomet/icomet/internal/hub"
)

var (
	// ErrClient is returned by NewMember when client cannot name anybody.
	ErrClient = errors.New("client must be UTF-8 of 1 to 128 bytes")
	// ErrInfo is returned by NewMember when info is none.
	ErrInfo = errors.New("info must be a JSON object of at most 1024 bytes")
)

// NewMember makes a member of what a client, or whoever vouches for it, says of it. Empty info is none. What is
// kept of it is a copy.
func NewMember(client string, info []byte) (hub.Member, error) {
	m := hub.Member{Client: client}
	if client == "" || len(client) > hub.ClientBytesMax || !utf8.ValidString(client) {
		return m, ErrClient
	}
	if len(info) == 0 {
		return m, nil
	}
	if !json.Valid(info) || bytes.TrimLeft(info, " \t\r\n")[0] != '{' {
		return m, ErrInfo
	}
	if m.Info = compact(info); len(m.Info) > hub.InfoBytesMax {
		return m, ErrInfo
	}
	return m, nil
}

// AppendMember appends a member as an object.
func AppendMember(dst []byte, m *hub.Member) []byte {
	dst = append(dst, `{"client":"`...)
	dst = AppendContent(dst, m.Client)
	return append(appendInfo(append(dst, '"'), m), '}')
}

// appendInfo appends the info of a member, an empty object if there is none.
func appendInfo(dst []byte, m *hub.Member) []byte {
	dst = append(dst, `,"info":`...)
	if m.Info == "" {
		return append(dst, "{}"...)
	}
	return append(dst, m.Info...)
}

// AppendMembers appends members as the values of an array.
func AppendMembers(dst []byte, part []hub.Member) []byte {
	for i := range part {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendMember(dst, &part[i])
	}
	return dst
}

// AppendMemberList appends the answer to the question who is there: some of the members, and the count of all.
func AppendMemberList[T string | []byte](dst []byte, id int64, name T, part []hub.Member, count int) []byte {
	dst = appendName(begin(dst, "members", id), name)
	dst = AppendMembers(append(dst, `,"members":[`...), part)
	return append(appendNumber(append(dst, ']'), "count", int64(count)), '}')
}

// AppendMemberEvent appends a join or leave.
func AppendMemberEvent(dst []byte, m *hub.Message) []byte {
	dst = appendName(begin(dst, m.Type.String(), NoID), m.Channel)
	dst = append(dst, `,"client":"`...)
	dst = AppendContent(dst, m.Member.Client)
	return append(appendInfo(append(dst, '"'), m.Member), '}')
}

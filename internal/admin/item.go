package admin

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
)

const (
	// namesMax bounds the channels of one item.
	namesMax = 1000
	// depthMax bounds how deep arrays and objects are nested in an item, which is the first level itself.
	depthMax = 100
	// ttlMax bounds the life of a message, in seconds: what JavaScript holds exactly.
	ttlMax = 1<<53 - 1
	// shownMax bounds how much of an unknown key is shown, in bytes.
	shownMax = 64
)

// item is a message for one channel or several. It may be used again for another text.
type item struct {
	names       [][]byte // of its channels; they do not belong to the body
	isList      bool     // the channels were given as a list
	publication hub.Publication

	values [keys][]byte // as they stand in the text, nil for keys that are missing
	arena  []byte       // that names are in
}

// key numbers the keys of an item.
type key uint8

const (
	keyChannel key = iota
	keyChannels
	keyContent
	keyData
	keyBase64
	keyEvent
	keyTTL
	keyKey
	keyLast
	keys
)

var keyNames = [keys]string{"channel", "channels", "content", "data", "base64", "event", "ttl", "key", "last"}

// parse makes m the item that text describes. Nothing of m belongs to text afterwards.
func (m *item) parse(text []byte) *refusal {
	m.names, m.arena, m.isList = m.names[:0], m.arena[:0], false
	m.publication = hub.Publication{}
	defer clear(m.values[:])
	if r := m.read(text); r != nil {
		return r
	}
	if r := m.setNames(); r != nil {
		return r
	}
	if r := m.setPayload(); r != nil {
		return r
	}
	return m.setRest()
}

// read finds the value of each key.
func (m *item) read(text []byte) *refusal {
	at := skipSpace(text, 0)
	if _, depth := valueEnd(text, at); depth > depthMax {
		return &refusal{ReasonDepth, fmt.Sprintf("nested more than %d deep", depthMax)}
	}
	if !json.Valid(text) {
		return badForm("not JSON: " + json.Unmarshal(text, &json.RawMessage{}).Error())
	}
	if text[at] != '{' {
		return badForm("an item must be a JSON object")
	}
	for at = skipSpace(text, at+1); text[at] != '}'; at = skipSpace(text, at) {
		if text[at] == ',' {
			at = skipSpace(text, at+1)
		}
		name := text[at:stringEnd(text, at)]
		at = skipSpace(text, skipSpace(text, at+len(name))+1) // behind the colon
		end, _ := valueEnd(text, at)
		if r := m.set(name, text[at:end]); r != nil {
			return r
		}
		at = end
	}
	return nil
}

// set notes the value of a key, which is in quotes.
func (m *item) set(quoted, value []byte) *refusal {
	name := quoted[1 : len(quoted)-1]
	if !isLiteral(name) {
		name = appendUnquoted(nil, quoted)
	}
	for k := range keys {
		if string(name) != keyNames[k] {
			continue
		}
		if m.values[k] != nil {
			return badForm("the key " + keyNames[k] + " comes twice")
		}
		m.values[k] = value
		return nil
	}
	return badForm("unknown key " + strconv.Quote(string(name[:min(len(name), shownMax)])))
}

func isString(value []byte) bool { return value[0] == '"' }

func (m *item) setNames() *refusal {
	one, list := m.values[keyChannel], m.values[keyChannels]
	switch {
	case (one != nil) == (list != nil):
		return badForm("exactly one of channel and channels is needed")
	case list != nil && list[0] != '[':
		return badForm("channels must be an array of strings")
	case list != nil:
		m.isList = true
		return m.setList(list)
	case !isString(one):
		return badForm("channel must be a string")
	}
	return m.addName(one)
}

func (m *item) setList(list []byte) *refusal {
	i := items{form: itemsInArray, text: list, at: 1}
	for {
		name, ok, _ := i.next()
		switch {
		case !ok && len(m.names) == 0:
			return badForm("channels is empty")
		case !ok:
			return nil
		case !isString(name):
			return badForm("channels must be an array of strings")
		case len(m.names) == namesMax:
			return &refusal{ReasonChannels, fmt.Sprintf("more than %d channels in one item", namesMax)}
		}
		if r := m.addName(name); r != nil {
			return r
		}
	}
}

func (m *item) addName(quoted []byte) *refusal {
	from := len(m.arena)
	m.arena = appendUnquoted(m.arena, quoted)
	name := m.arena[from:]
	if len(name) > hub.NameBytesMax {
		return badForm(fmt.Sprintf("the name of a channel has more than %d bytes", hub.NameBytesMax))
	}
	m.names = append(m.names, name)
	return nil
}

func (m *item) setPayload() *refusal {
	content, r := m.text(keyContent)
	if r != nil {
		return r
	}
	base64, r := m.text(keyBase64)
	if r != nil {
		return r
	}
	event, r := m.text(keyEvent)
	if r != nil {
		return r
	}
	name := ""
	if event != nil {
		name = *event
	}
	payload, err := delivery.NewPayload(content, m.values[keyData], base64, name)
	if err != nil {
		return badForm(err.Error())
	}
	m.publication.Payload = payload
	return nil
}

// text is the value of a key whose value is a string, nil if it is missing.
func (m *item) text(k key) (*string, *refusal) {
	value := m.values[k]
	if value == nil {
		return nil, nil
	}
	if !isString(value) {
		return nil, badForm(keyNames[k] + " must be a string")
	}
	text := unquoted(value)
	return &text, nil
}

// setRest sets what is not needed in a publication.
func (m *item) setRest() *refusal {
	p := &m.publication
	if value := m.values[keyTTL]; value != nil {
		seconds, err := strconv.ParseFloat(string(value), 64)
		if err != nil || seconds < 1 || seconds > ttlMax || seconds != math.Trunc(seconds) {
			return badForm("ttl must be a whole number of seconds, at least 1")
		}
		p.TTL = int64(seconds)
	}
	key, r := m.text(keyKey)
	switch {
	case r != nil:
		return r
	case key != nil && (*key == "" || len(*key) > hub.KeyBytesMax):
		return badForm(fmt.Sprintf("key must have 1 to %d bytes", hub.KeyBytesMax))
	case key != nil:
		p.Key = *key
	}
	switch last := m.values[keyLast]; string(last) {
	case "true":
		p.Alone = true
	case "false", "":
	default:
		return badForm("last must be true or false")
	}
	return nil
}

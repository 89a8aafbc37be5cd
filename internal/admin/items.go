package admin

import (
	"bytes"
	"fmt"
	"mime"
	"strconv"
)

// itemsMax bounds the items of one request; for lines, the lines.
const itemsMax = 10_000

// itemsForm is how the items of a request stand in its body.
type itemsForm uint8

const (
	oneItem      itemsForm = iota // the body is the item
	itemsInArray                  // the body is a JSON array of them
	itemsInLines                  // one a line
)

// items are the items of a body, in their order.
type items struct {
	form  itemsForm
	text  []byte
	at    int // behind the item that was taken last
	taken int
}

// newItems tells by the Content-Type and the first byte how items stand in a body. The body is kept.
func newItems(contentType, body []byte) (items, *refusal) {
	i := items{text: body}
	switch mediaType(contentType) {
	case "application/json":
		if at := skipSpace(body, 0); at < len(body) && body[at] == '[' {
			i.form, i.at = itemsInArray, at+1
		}
	case "application/x-ndjson", "application/jsonl":
		i.form = itemsInLines
	default:
		return i, &refusal{ReasonType, "the Content-Type must be application/json, application/x-ndjson or application/jsonl"}
	}
	return i, nil
}

func mediaType(contentType []byte) string {
	const usual = "application/json"
	if string(contentType) == usual {
		return usual
	}
	name, _, err := mime.ParseMediaType(string(contentType))
	if err != nil {
		return ""
	}
	return name
}

// next takes the text of the next item; ok is false behind the last. Only an array can be refused, and not
// if check has seen its end.
func (i *items) next() (text []byte, ok bool, r *refusal) {
	switch i.form {
	case itemsInArray:
		text, ok, r = i.element()
	case itemsInLines:
		text, ok = i.line()
	default:
		text, ok = i.text, i.taken == 0
	}
	if ok {
		i.taken++
	}
	return text, ok, r
}

// line takes the next line that is not blank.
func (i *items) line() (text []byte, ok bool) {
	for i.at < len(i.text) {
		text = i.text[i.at:]
		if n := bytes.IndexByte(text, '\n'); n >= 0 {
			text = text[:n]
		}
		i.at += len(text) + 1
		if skipSpace(text, 0) < len(text) {
			return text, true
		}
	}
	return nil, false
}

// element takes the next element of the array.
func (i *items) element() (text []byte, ok bool, r *refusal) {
	at := skipSpace(i.text, i.at)
	switch {
	case at == len(i.text):
		return nil, false, badForm("the array has no end")
	case i.text[at] == ']':
		if end := skipSpace(i.text, at+1); end < len(i.text) {
			return nil, false, badForm("there is something behind the array, at byte " + strconv.Itoa(end))
		}
		return nil, false, nil
	case i.taken > 0 && i.text[at] != ',':
		return nil, false, badForm("a comma is missing in the array, at byte " + strconv.Itoa(at))
	case i.taken > 0:
		at = skipSpace(i.text, at+1)
	}
	end, _ := valueEnd(i.text, at)
	switch end {
	case -1:
		return nil, false, badForm("the array has no end")
	case at:
		return nil, false, badForm("a value is missing in the array, at byte " + strconv.Itoa(at))
	}
	i.at = end
	return i.text[at:end], true, nil
}

// check reads on through the body, for about so many bytes, until it is known that it has an end, and no more
// than itemsMax items. Then it is done, and next begins with the first one. So nothing is published of a body
// that was cut off.
func (i *items) check(bytesMax int) (done bool, r *refusal) {
	switch i.form {
	case itemsInLines:
		if lines := bytes.Count(i.text, []byte{'\n'}); lines > itemsMax || lines == itemsMax && i.text[len(i.text)-1] != '\n' {
			return true, tooManyItems()
		}
	case itemsInArray:
		return i.checkArray(bytesMax)
	}
	return true, nil
}

func (i *items) checkArray(bytesMax int) (done bool, r *refusal) {
	for from := i.at; i.at-from < bytesMax; {
		_, ok, r := i.next()
		switch {
		case r != nil:
			return true, r
		case !ok:
			i.at, i.taken = skipSpace(i.text, 0)+1, 0
			return true, nil
		case i.taken > itemsMax:
			return true, tooManyItems()
		}
	}
	return false, nil
}

func tooManyItems() *refusal {
	return &refusal{ReasonItems, fmt.Sprintf("more than %d items in one request", itemsMax)}
}

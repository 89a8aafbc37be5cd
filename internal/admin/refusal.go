package admin

import (
	"strconv"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
)

// Reason is why a publication through /v1/publish, or the whole request, was refused.
type Reason uint8

// The reasons, in the order of reasonTable.
const (
	ReasonForm         Reason = iota // it is not what the manual describes
	ReasonDepth                      // nested deeper than depthMax
	ReasonItems                      // more than itemsMax
	ReasonChannels                   // more than namesMax
	ReasonPublications               // more than publicationsMax
	ReasonType                       // the Content-Type is none of those that are read
	ReasonMaxChannels                // the channel does not exist, and there is no room for it
	ReasonOverloaded                 // a loop with subscribers of the channel is too far behind
	// Reasons is how many there are.
	Reasons
)

// reasonTable has the status and the name in metrics of each reason.
var reasonTable = [Reasons]struct {
	code int
	name string
}{
	ReasonForm:         {400, "form"},
	ReasonDepth:        {400, "depth"},
	ReasonItems:        {413, "items"},
	ReasonChannels:     {413, "channels"},
	ReasonPublications: {413, "publications"},
	ReasonType:         {415, "type"},
	ReasonMaxChannels:  {429, "max_channels"},
	ReasonOverloaded:   {503, "overloaded"},
}

// Code is the status that a publisher is told.
func (r Reason) Code() int { return reasonTable[r].code }

// String is the name of the reason in metrics.
func (r Reason) String() string { return reasonTable[r].name }

// refusal is what a publisher is told of something that was not published.
type refusal struct {
	reason Reason
	text   string
}

func badForm(text string) *refusal { return &refusal{ReasonForm, text} }

// refusalOf is what a publisher is told of an error of the hub.
func refusalOf(err error) *refusal {
	switch err {
	case hub.ErrTooManyChannels:
		return &refusal{ReasonMaxChannels, "too many channels"}
	case hub.ErrOverloaded:
		return &refusal{ReasonOverloaded, "overloaded; try again"}
	}
	return badForm(err.Error())
}

// append appends the refusal as the member of an object.
func (r *refusal) append(dst []byte) []byte {
	dst = append(dst, `"error":{"code":`...)
	dst = strconv.AppendInt(dst, int64(r.reason.Code()), 10)
	dst = append(dst, `,"text":"`...)
	dst = delivery.AppendContent(dst, r.text)
	return append(dst, `"}`...)
}

package icomet

import (
	"net/url"
	"strconv"
	"strings"
)

// queryBytesMax is how long a query is before the list of channels goes into the body.
const queryBytesMax = 2000

// form writes the parameters of a subscription. Those behind a cname belong to that channel, so the
// order matters.
func form(common url.Values, asks []ask) string {
	var b strings.Builder
	b.WriteString("v=1")
	add := func(name, value string) { b.WriteString("&" + name + "=" + url.QueryEscape(value)) }
	for name, values := range common {
		for _, value := range values {
			add(name, value)
		}
	}
	for _, a := range asks {
		add("cname", a.Channel)
		switch {
		case a.Seq > 0:
			add("seq", strconv.FormatUint(a.Seq, 10))
		case a.Last > 0:
			add("seq", "last:"+strconv.Itoa(a.Last))
		case a.Since > 0:
			add("since", strconv.FormatFloat(a.Since, 'f', -1, 64))
		}
		if a.Epoch != "" {
			add("epoch", a.Epoch)
		}
		if a.Token != "" {
			add("token", a.Token)
		}
		if a.Presence {
			add("presence", "1")
		}
	}
	return b.String()
}

package delivery

import "github.com/icomet/icomet/internal/hub"

// iframe is a page that never ends, with a script element for each message.
type iframe struct{}

// iframePreamble announces UTF-8, forbids caching and relaxes document.domain to its last two labels, so
// that the parent page may be on a sibling host.
const iframePreamble = "<html><head><meta http-equiv='Content-Type' content='text/html; charset=utf-8'>" +
	"<meta http-equiv='Cache-Control' content='no-store'><meta http-equiv='Cache-Control' content='no-cache'>" +
	"<meta http-equiv='Pragma' content='no-cache'><meta http-equiv=' Expires' content='Thu, 1 Jan 1970 00:00:00 GMT'>" +
	"<script type='text/javascript'>window.onError = null;try{document.domain = " +
	"window.location.hostname.split('.').slice(-2).join('.');}catch(e){};</script></head><body>\n"

func (iframe) ContentType() string              { return "text/html; charset=utf-8" }
func (iframe) AppendPreamble(dst []byte) []byte { return append(dst, iframePreamble...) }

func (iframe) AppendFrame(dst []byte, messages ...*hub.Message) []byte {
	for _, m := range messages {
		dst = iframe{}.AppendText(dst, AppendMessage(nil, m))
	}
	return dst
}

func (iframe) AppendText(dst, json []byte) []byte {
	dst = append(dst, "<script>parent.icomet_cb("...)
	dst = appendForScript(dst, json)
	return append(dst, ");</script>\n"...)
}

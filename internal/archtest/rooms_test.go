package archtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// room is a folder of packages, and what they may import of this project.
type room struct {
	folder string
	// may are the folders of the rooms that it may import; anything is no bound.
	may []string
	// without is why the arrows that one might expect are missing.
	without string
}

const anything = "*"

// rooms are all the packages of the project; sub-folders belong to the room that names their beginning.
var rooms = []room{
	{"internal/slab", nil, "records know nothing of what they are records of"},
	{"internal/http1", nil, "bytes in, bytes out: no input or output, so that it is fuzzed alone"},
	{"internal/ws", nil, "no http1: the handshake asks for headers by name; no input or output, and no commands: a message is bytes to it"},
	{"internal/metrics", nil, "whoever counts hands its counters over; this room asks nobody"},
	{"internal/config", nil, "a file becomes values; what the values do is the business of those who get them"},
	{"internal/process", nil, "pidfile and signals work the same for any server"},
	{"internal/logfile", nil, "lines and files; who logs is unknown here"},
	{"internal/auth", nil, "tokens, answers and origins are bytes to it: no config, since server hands over options; no hub, since it knows names but no channels; no loops, whose callers post the answers to their mail"},
	{"web", nil, "static files; routes and headers are the business of whoever serves them"},
	{"sdk/js", nil, "the client is a script; the server is known to it by URL only"},
	{"sdk/go", nil, "others import it into their programs: it knows the server by its protocol only"},

	{"internal/hub", []string{"internal/slab"},
		"no delivery and no http1: the core knows messages, not formats; no reactor: loops reach it as hub.Sink"},
	{"internal/reactor", []string{"internal/slab"},
		"no http1: a loop moves bytes, whatever they mean; no metrics: server reads its counters"},
	{"internal/httploop", []string{"internal/reactor", "internal/http1"},
		"no hub: requests and answers, but no channels"},
	{"internal/delivery", []string{"internal/hub"},
		"no http1, no reactor and no httploop: a frame is bytes, however it is framed and wherever it goes"},
	{"internal/front", []string{"internal/auth", "internal/hub", "internal/delivery", "internal/reactor", "internal/http1", "internal/httploop", "internal/slab", "internal/ws"},
		"no admin: the doors meet in the hub only; no config: server hands over options"},
	{"internal/admin", []string{"internal/hub", "internal/delivery", "internal/reactor", "internal/http1", "internal/httploop"},
		"no front: the doors meet in the hub only; no metrics: that is a handler that server mounts"},
	{"internal/webhook", []string{"internal/hub"},
		"no doors: it hears of everything from the hub; no httploop: it is a client, on a goroutine of its own"},
	{"internal/demo", []string{"internal/hub", "internal/delivery", "sdk/js", "web"},
		"no front and no config: it is a handler that server mounts, with the configuration that its constants ask for"},
	{"internal/server", []string{"internal/admin", "internal/auth", "internal/config", "internal/delivery", "internal/demo", "internal/front", "internal/http1",
		"internal/httploop", "internal/hub", "internal/metrics", "internal/reactor", "internal/webhook"},
		"no process and no logfile: a server can be started in a test, several at a time"},
	{"internal/credential", []string{"internal/auth", "internal/config", "internal/server"},
		"no doors: it looks at tokens as a server with the same configuration would, without one that runs"},
	{"cmd/icomet", []string{"internal/config", "internal/server", "internal/process", "internal/logfile", "internal/bench", "internal/credential"},
		"no hub, no doors: the command has no logic of its own"},

	{"internal/bench", []string{anything}, ""},
	{"internal/icomettest", []string{anything}, ""},
	{"internal/archtest", []string{anything}, ""},
	{"internal/doctest", []string{anything}, ""},
	{"test", []string{anything}, ""},
}

// private are rooms that only those named may import; test files may always.
var private = map[string][]string{
	"internal/bench":      {"cmd/icomet", "internal/icomettest", "test"},
	"internal/icomettest": {"internal/bench", "internal/doctest", "test"},
	"internal/archtest":   nil,
	"internal/doctest":    nil,
	"test":                nil,
	"internal/server":     {"cmd/icomet", "internal/credential", "internal/icomettest", "internal/bench", "internal/doctest", "test"},
}

// roomOf is the room that a folder belongs to.
func roomOf(folder string) (room, bool) {
	for _, r := range rooms {
		if folder == r.folder || strings.HasPrefix(folder, r.folder+"/") {
			return r, true
		}
	}
	return room{}, false
}

// wrongArrows checks the imports of a file against the table.
func wrongArrows(f file) (problems []string) {
	from, ok := roomOf(f.folder())
	if !ok {
		return []string{f.path + ": this folder is no room: add it to the table in internal/archtest/rooms_test.go"}
	}
	if f.isTest() {
		return nil
	}
	for _, target := range f.projectImports() {
		to, ok := roomOf(target)
		switch {
		case !ok:
			problems = append(problems, fmt.Sprintf("%s imports %s, which is no room", f.path, target))
		case to.folder == from.folder:
		case !slices.Contains(from.may, anything) && !slices.Contains(from.may, to.folder):
			problems = append(problems, fmt.Sprintf("%s: %s must not import %s: %s", f.path, from.folder, target, from.without))
		default:
			if guests, closed := private[to.folder]; closed && !slices.Contains(guests, from.folder) {
				problems = append(problems, fmt.Sprintf("%s: only %v and tests may import %s", f.path, guests, to.folder))
			}
		}
	}
	return problems
}

func TestArrowsPointDown(t *testing.T) {
	for _, f := range sources(t) {
		report(t, wrongArrows(f))
	}
}

// An arrow that nobody uses is a door left open.
func TestEveryArrowIsUsed(t *testing.T) {
	used := map[[2]string]bool{}
	for _, f := range sources(t) {
		from, _ := roomOf(f.folder())
		for _, target := range f.projectImports() {
			to, _ := roomOf(target)
			used[[2]string{from.folder, to.folder}] = true
		}
	}
	for _, r := range rooms {
		for _, to := range r.may {
			if to != anything && !used[[2]string{r.folder, to}] && exists(t, r.folder) && exists(t, to) {
				t.Errorf("%s may import %s but does not: take the arrow out of the table", r.folder, to)
			}
		}
	}
}

func TestBoundRoomsSayWhatTheyDoWithout(t *testing.T) {
	for _, r := range rooms {
		if r.without == "" && !slices.Contains(r.may, anything) {
			t.Errorf("%s: say why other arrows are missing", r.folder)
		}
	}
}

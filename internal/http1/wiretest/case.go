// Package wiretest is a table of HTTP/1 inputs, byte for byte, with the answers that a strict server
// gives. Parser tests and end-to-end tests use the same table, so that what holds for the functions in
// http1 holds for the running server on both of its ports.
//
// It deliberately holds no test and no transport: it only says what goes in and what must come out.
// Nothing but tests imports it. Start with All.
package wiretest

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// Case is what a client sends on one fresh connection and what it must see.
type Case struct {
	// Name is unique in the table.
	Name string
	// Section is the rule that the case is about, e.g. "RFC 9112 2.2".
	Section string
	// Answers holds one status for each request that is answered, in order: Served, Door, or the status of
	// an error of the wire. It is empty when the server has to wait for more bytes. Interim
	// answers are not listed.
	Answers []int
	// Closes tells that the server closes the connection after the last answer. Otherwise it stays open.
	Closes bool
	// Continue tells that the client announces Expect: 100-continue, so that one interim 100 may come
	// before the answer.
	Continue bool
	// SizeBound tells that the answer follows from http1.DefaultLimits and from no rule; a server with
	// other limits may answer otherwise.
	SizeBound bool

	input string
}

const (
	// Served is the answer to a GET or POST of the path that the tester has chosen.
	Served = 200
	// Door stands for any answer that is not an error of the wire: the request was read well, and what the server
	// does with its method or path is not the matter of the case.
	Door = 0
)

// mark stands in inputs for the path that is served.
const mark = "/@"

// Input is what to send, with requests for path, which must be one that answers GET and POST with 200.
func (c Case) Input(path string) []byte {
	return []byte(strings.ReplaceAll(c.input, mark, path))
}

// All returns the whole table.
func All() []Case {
	return join(
		requestLineCases(), versionCases(), targetCases(), lineEndCases(),
		headerCases(), hostCases(),
		lengthCases(), codingCases(), disguiseCases(), chunkCases(), trailerCases(),
		connectionCases(), expectCases(), pipelineCases(), limitCases(),
	)
}

func join(lists ...[]Case) (all []Case) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

const (
	get  = "GET /@ HTTP/1.1\r\n"
	post = "POST /@ HTTP/1.1\r\n"
	host = "Host: a\r\n"
	end  = "\r\n"
	// hidden follows every bad input: a request that must never be answered, since the bytes of a broken
	// connection mean nothing.
	hidden = get + "Host: hidden\r\n\r\n"
	// last is a good request that ends its connection, to show where a body before it ended.
	last = get + host + "Connection: close\r\n\r\n"
)

// good is a case of one request that is served and leaves the connection open.
func good(section, name, input string) Case {
	return Case{Name: name, Section: section, input: input, Answers: []int{Served}}
}

// bad is a case of one request that is answered with an error and ends the connection, whatever follows.
func bad(section, name string, status int, input string) Case {
	return Case{Name: name, Section: section, input: input + hidden, Answers: []int{status}, Closes: true}
}

// two is a case of a request with a body that is served, and a second one behind it that is served too.
func two(section, name, input string) Case {
	return Case{Name: name, Section: section, input: input + last, Answers: []int{Served, Served}, Closes: true}
}

// waits is a case of input that is not complete.
func waits(section, name, input string) Case {
	return Case{Name: name, Section: section, input: input}
}

// answered is a case with any other outcome.
func answered(section, name string, closes bool, answers []int, input string) Case {
	return Case{Name: name, Section: section, input: input, Answers: answers, Closes: closes}
}

// inOrder goes through m by its keys in order, so that the table is the same in every run.
func inOrder[V any](m map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

// controls are the control characters, DEL included.
func controls() (cs []byte) {
	for c := range byte(' ') {
		cs = append(cs, c)
	}
	return append(cs, 0x7f)
}

// without is cs less the bytes in drop.
func without(cs []byte, drop string) (left []byte) {
	for _, c := range cs {
		if strings.IndexByte(drop, c) < 0 {
			left = append(left, c)
		}
	}
	return left
}

// eachByte makes one case per byte; build gets the byte as a string and a name for it.
func eachByte(cs []byte, name string, build func(name, c string) Case) (cases []Case) {
	for _, c := range cs {
		cases = append(cases, build(fmt.Sprintf("%s 0x%02x", name, c), string([]byte{c})))
	}
	return cases
}

// separators are the visible ASCII characters that no token may hold, RFC 9110 5.6.2.
const separators = "\"(),/:;<=>?@[\\]{}"

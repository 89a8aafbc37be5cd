package demo

import (
	"strings"
	"unicode"
)

// texts are what the page of the tokens can ask for. Each has, split, fewer than HistorySize pieces.
var texts = map[string]string{
	"push": `A server cannot call a browser. It can only answer, so whoever wants news early has to ask first and leave the question open.

The oldest way is the long poll: the browser asks, the server keeps the request until something happens, and the answer is the news. Then the browser asks again. Server-sent events keep one answer open for ever and write each message into it. A WebSocket starts as such a request too and then becomes a line on which both sides may speak.

To the server they are the same thing: a connection that is silent nearly all of the time. What it costs to keep a million of them silent decides what a push server is worth. Here that is a record of about a hundred bytes, no goroutine, no buffer and no timer of its own.

This very text comes to you that way, a word at a time. Nothing on this page asks for the next one.`,

	"lost": `Connections end. A train goes into a tunnel, a laptop is closed, a proxy has had enough, a server is replaced by a newer one. So the question is not how to keep a connection, but what happens to the words that were said while nobody listened.

Here each message of a channel has a number, and each life of a channel has a name. The page remembers both. When it comes back it says: I am at number 57 of that life, go on. The server keeps the latest messages and sends what was missed, then what is new, with nothing between and nothing twice.

If it was away for longer than the server keeps messages, it is told so, with the numbers that are gone. A hole that is announced can be dealt with. A hole that nobody mentions is a bug report in three months.

Try it: cut the connection in the middle of this text, or reload the page.`,

	"poem": `The channel sleeps without a thread,
no timer ticks beside its bed;
a hundred bytes, a name, a number,
are all that it needs for its slumber.

A word is said. The loops awake
and write it out for each one's sake,
encoded once and shared by all,
the reader near, the reader small.

And should the line be cut midway,
the number knows where you did stay:
come back and name it, and you get
each word that you have not had yet.

Not one is lost, not one comes twice.
The bound on all of it is the price:
what waits too long is let to go,
and when that is so, you will know.`,
}

// pieceRunesMax bounds a piece; longer words are told in parts, as a language model does.
const pieceRunesMax = 9

// split cuts a text into pieces that make it again: words, each with the white space ahead of it.
func split(text string) (pieces []string) {
	var piece strings.Builder
	runes, inWord := 0, false
	cut := func() {
		if piece.Len() > 0 {
			pieces = append(pieces, piece.String())
			piece.Reset()
			runes, inWord = 0, false
		}
	}
	for _, r := range text {
		if space := unicode.IsSpace(r); space && inWord || runes == pieceRunesMax {
			cut()
		}
		piece.WriteRune(r)
		runes++
		inWord = inWord || !unicode.IsSpace(r)
	}
	cut()
	return pieces
}

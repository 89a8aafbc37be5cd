package icomet_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"time"

	"github.com/icomet/icomet/sdk/go/icomet"
)

// exampleServer is a server for an example; front and admin port are one.
func exampleServer() (url string, stop func()) {
	f := newFake()
	s := httptest.NewServer(f)
	return s.URL, func() {
		f.close()
		s.Close()
	}
}

func Example() {
	url, stop := exampleServer()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	c, err := icomet.NewClient(url, icomet.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	sub, err := c.Subscribe(ctx, icomet.Channel{Name: "news"}, icomet.Channel{Name: "sport"})
	if err != nil {
		log.Fatal(err)
	}

	p, err := icomet.NewPublisher(url, icomet.PublisherOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	for _, text := range []string{"hello", "world", "bye"} {
		if _, err := p.Publish(ctx, "news", icomet.Text(text)); err != nil {
			log.Fatal(err)
		}
	}

	for m, err := range sub.Messages(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(m.Channel, m.Seq, m.Content)
		if m.Content == "bye" {
			break
		}
	}
	// Output:
	// news 1 hello
	// news 2 world
	// news 3 bye
}

// A position that was kept leads on where the program has stopped, or tells what was missed.
func ExampleSubscription_Position() {
	url, stop := exampleServer()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p, err := icomet.NewPublisher(url, icomet.PublisherOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	// take prints one message of a channel, and returns the position behind it as JSON.
	take := func(from icomet.Start) []byte {
		c, err := icomet.NewClient(url, icomet.Options{})
		if err != nil {
			log.Fatal(err)
		}
		defer c.Close()
		sub, err := c.Subscribe(ctx, icomet.Channel{Name: "jobs", From: from})
		if err != nil {
			log.Fatal(err)
		}
		for m, err := range sub.Messages(ctx) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(m.Content)
			break
		}
		position, _ := sub.Position("jobs")
		kept, err := json.Marshal(position)
		if err != nil {
			log.Fatal(err)
		}
		return kept
	}

	for _, job := range []string{"first", "second"} {
		if _, err := p.Publish(ctx, "jobs", icomet.Text(job)); err != nil {
			log.Fatal(err)
		}
	}
	kept := take(icomet.Last(2))

	var position icomet.Position
	if err := json.Unmarshal(kept, &position); err != nil {
		log.Fatal(err)
	}
	take(icomet.At(position))
	// Output:
	// first
	// second
}

// What cannot be had any more is announced in its place.
func ExampleSubscription_Messages_gap() {
	url, stop := exampleServer() // keeps 100 messages
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p, err := icomet.NewPublisher(url, icomet.PublisherOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	first, err := p.Publish(ctx, "a", icomet.Text("0"))
	if err != nil {
		log.Fatal(err)
	}
	for i := range 120 {
		if _, err := p.Publish(ctx, "a", icomet.Text(fmt.Sprint(i+1))); err != nil {
			log.Fatal(err)
		}
	}

	c, err := icomet.NewClient(url, icomet.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	sub, err := c.Subscribe(ctx, icomet.Channel{Name: "a", From: icomet.At(icomet.Position{Epoch: first.Epoch, Seq: first.Seq})})
	if err != nil {
		log.Fatal(err)
	}
	for m, err := range sub.Messages(ctx) {
		var gap *icomet.Gap
		if errors.As(err, &gap) {
			fmt.Printf("%d to %d were %s\n", gap.From, gap.To, gap.Reason)
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("the next one is", m.Content)
		break
	}
	// Output:
	// 1 to 21 were trimmed
	// the next one is 21
}

func ExamplePublisher_PublishBatch() {
	url, stop := exampleServer()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p, err := icomet.NewPublisher(url, icomet.PublisherOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	results, err := p.PublishBatch(ctx, []icomet.Publication{
		{Channel: "a", Payload: icomet.Text("text")},
		{Channels: []string{"a", "b"}, Payload: icomet.JSON(map[string]int{"price": 7}).Named("price"), TTL: time.Minute},
		{Channel: "a"},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			fmt.Println(r.Err)
		}
		for _, receipt := range r.Receipts {
			fmt.Println(receipt.Channel, receipt.Seq)
		}
	}
	// Output:
	// a 1
	// a 2
	// b 1
	// icomet: error 400: no payload
}

func ExampleBatcher() {
	url, stop := exampleServer()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p, err := icomet.NewPublisher(url, icomet.PublisherOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	b := p.NewBatcher(icomet.BatchOptions{Delay: 20 * time.Millisecond})
	var last *icomet.Pending
	for i := range 1000 {
		last, err = b.Publish(ctx, icomet.Publication{Channel: "ticks", Payload: icomet.JSON(i)})
		if err != nil {
			log.Fatal(err)
		}
	}
	if err := b.Close(ctx); err != nil { // waits for all of them
		log.Fatal(err)
	}
	result, err := last.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Receipts[0].Seq)
	// Output: 1000
}

func ExamplePublisher_Presence() {
	url, stop := exampleServer() // m0 to m4 are everywhere
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p, err := icomet.NewPublisher(url, icomet.PublisherOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	for member, err := range p.Presence(ctx, "room") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(member.Client)
	}
	// Output:
	// m0
	// m1
	// m2
	// m3
	// m4
}

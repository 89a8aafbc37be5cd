package auth

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"
)

var epoch = time.Unix(1_000_000_000, 0)

func keyOf(i int) *digest {
	d := digest(sha256.Sum256(fmt.Append(nil, i)))
	return &d
}

func TestCacheKeepsTheNewestUpToItsBound(t *testing.T) {
	for _, max := range []int{0, 1, 7, 1023, 1024, 5000} {
		c := newCache[int](max)
		for i := range 3 * max {
			c.put(keyOf(i), i, epoch.Add(time.Second))
			c.put(keyOf(i), i, epoch.Add(time.Second)) // again takes no room
			if n := c.length(); n > max {
				t.Fatalf("bound %d: %d verdicts", max, n)
			}
		}
		if v, ok := c.get(keyOf(3*max-1), epoch); ok != (max > 0) || ok && v != 3*max-1 {
			t.Errorf("bound %d: the newest is %d, %v", max, v, ok)
		}
		if _, ok := c.get(keyOf(0), epoch); ok {
			t.Errorf("bound %d: the oldest is still there", max)
		}
		if max < shardedMin && c.length() != max {
			t.Errorf("bound %d: only %d verdicts", max, c.length())
		}
	}
}

func TestVerdictsEndAtTheirTime(t *testing.T) {
	c := newCache[string](10)
	c.put(keyOf(1), "a", epoch.Add(time.Second))
	if v, ok := c.get(keyOf(1), epoch.Add(time.Second-1)); !ok || v != "a" {
		t.Errorf("got %q, %v", v, ok)
	}
	if v, ok := c.get(keyOf(1), epoch.Add(time.Second)); ok || v != "" {
		t.Errorf("got %q, %v", v, ok)
	}
	c.put(keyOf(1), "b", epoch.Add(3*time.Second))
	if v, ok := c.get(keyOf(1), epoch.Add(2*time.Second)); !ok || v != "b" {
		t.Errorf("got %q, %v", v, ok)
	}
}

// length is the number of verdicts that are kept, those included whose time is over.
func (c *cache[V]) length() (n int) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		n += len(s.index)
		s.mu.Unlock()
	}
	return n
}

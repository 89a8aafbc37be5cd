package front

import (
	"testing"
	"unsafe"
)

// A million subscribers have these records. One that is anonymous pays nothing for members.
const (
	subscriberBytesMax   = 20
	subscriptionBytesMax = 40
)

func TestRecordsAreSmall(t *testing.T) {
	if n := unsafe.Sizeof(subscriber{}); n > subscriberBytesMax {
		t.Errorf("a subscriber takes %d bytes, more than %d", n, subscriberBytesMax)
	}
	if n := unsafe.Sizeof(subscription{}); n > subscriptionBytesMax {
		t.Errorf("a subscription takes %d bytes, more than %d", n, subscriptionBytesMax)
	}
}

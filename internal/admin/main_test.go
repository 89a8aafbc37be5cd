package admin_test

import (
	"os"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/icomettest"
)

func TestMain(m *testing.M) { os.Exit(icomettest.Main(m)) }

const patience = 30 * time.Second

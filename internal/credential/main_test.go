package credential_test

import (
	"os"
	"testing"

	"github.com/icomet/icomet/internal/icomettest"
)

func TestMain(m *testing.M) { os.Exit(icomettest.Main(m)) }

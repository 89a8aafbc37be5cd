package js

import (
	"bytes"
	"testing"
	"unicode/utf8"
)

func TestClientIsTheScript(t *testing.T) {
	if !utf8.Valid(Client) {
		t.Error("icomet.js is not UTF-8")
	}
	if !bytes.Contains(Client, []byte("root.iComet = iComet")) {
		t.Error("icomet.js does not define iComet for pages")
	}
}

func TestModuleExportsTheClient(t *testing.T) {
	if !utf8.Valid(Module) || !bytes.Contains(Module, []byte("Client,")) {
		t.Error("icomet.esm.js is not UTF-8, or does not export Client")
	}
}

package admin

import (
	_ "embed"

	"github.com/icomet/icomet/internal/httploop"
)

// description is the OpenAPI document of this door. Tests hold it against the routes and the answers.
//
//go:embed openapi.json
var description string

func (d *Door) describe(x *httploop.Exchange, _ *params) { d.answer(x, 200, jsonType, description) }

package bench

import (
	_ "embed"
	"html/template"
	"io"
	"sync"
)

//go:embed report.html
var reportText string

// reportTemplate is parsed when it is first needed: this package is part of the server's program.
var reportTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("report").Parse(reportText))
})

// WriteHTML writes the result as one page that needs nothing else: tables and plots, light and dark.
func (r *Result) WriteHTML(w io.Writer) error {
	return reportTemplate().Execute(w, struct {
		Result *Result
		Charts []*chart
		Tables []table
	}{r, r.charts(), r.tables()})
}

package sweep

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/pmpdsim/pmpdsim/sim/unit/sheet"
)

// Formats are the extensions that Export knows.
func Formats() []string { return []string{".parquet", ".csv"} }

// FormatOf returns the format that a file's name asks for.
func FormatOf(path string) (string, error) {
	ext := strings.ToLower(filepath.Ext(path))
	if !slices.Contains(Formats(), ext) {
		return "", fmt.Errorf("%s: format %q is not known; accepted: %s", path, ext, strings.Join(Formats(), ", "))
	}
	return ext, nil
}

// Export writes a table in a format of Formats.
func (t *Table) Export(w io.Writer, format string) error {
	if format == ".csv" {
		return t.writeCSV(w)
	}
	return t.writeParquet(w)
}

func (t *Table) writeCSV(w io.Writer) error {
	records := make([][]string, 0, 1+len(t.Rows))
	var head []string
	for _, c := range t.Columns {
		head = append(head, c.Name)
	}
	records = append(records, head)
	for _, row := range t.Rows {
		line := make([]string, len(row))
		for i, v := range row {
			switch v := v.(type) {
			case nil:
			case float64:
				line[i] = strconv.FormatFloat(v, 'g', -1, 64)
			default:
				line[i] = fmt.Sprint(v)
			}
		}
		records = append(records, line)
	}
	return sheet.Write(w, records)
}

// columns is the root of a Parquet schema whose columns stand in the order of the table, not of the alphabet.
type columns struct {
	parquet.Group
	names []string
}

func (c columns) Fields() []parquet.Field {
	all := make([]parquet.Field, len(c.names))
	for _, f := range c.Group.Fields() {
		all[slices.Index(c.names, f.Name())] = f
	}
	return all
}

func (t *Table) schema() *parquet.Schema {
	root := columns{Group: parquet.Group{}}
	for _, c := range t.Columns {
		leaf := parquet.String()
		switch c.Type {
		case Integer:
			leaf = parquet.Int(64)
		case Real:
			leaf = parquet.Leaf(parquet.DoubleType)
		case Truth:
			leaf = parquet.Leaf(parquet.BooleanType)
		case Text:
		}
		root.Group[c.Name] = parquet.Optional(leaf)
		root.names = append(root.names, c.Name)
	}
	return parquet.NewSchema("sweep", root)
}

func (t *Table) writeParquet(w io.Writer) error {
	out := parquet.NewWriter(w, t.schema(), parquet.Compression(&parquet.Zstd), parquet.CreatedBy("pmpdsim", "", ""))
	for _, row := range t.Rows {
		line := make(parquet.Row, len(row))
		for i, v := range row {
			switch v := v.(type) {
			case nil:
				line[i] = parquet.NullValue().Level(0, 0, i)
			case string:
				line[i] = parquet.ByteArrayValue([]byte(v)).Level(0, 1, i)
			case int64:
				line[i] = parquet.Int64Value(v).Level(0, 1, i)
			case float64:
				line[i] = parquet.DoubleValue(v).Level(0, 1, i)
			case bool:
				line[i] = parquet.BooleanValue(v).Level(0, 1, i)
			}
		}
		if _, err := out.WriteRows([]parquet.Row{line}); err != nil {
			return fmt.Errorf("writing Parquet: %w", err)
		}
	}
	return out.Close()
}

package offline

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// misfit says of a value that is of another type than the API has there where it stands
// and what belongs there. In a list it knows the list only. Other errors stay what they
// are, and stand where the object does.
func (o *Object) misfit(err error) (Position, error) {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) || wrong.Field == "" {
		return o.Position(), err
	}
	return o.Field(wrong.Field), fmt.Errorf("%s: expected %s, found %s", wrong.Field, belonging(wrong.Type), met(wrong.Value))
}

// belonging is what people call a type of the API.
func belonging(kind reflect.Type) string {
	switch kind.Kind() {
	case reflect.Pointer:
		return belonging(kind.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "text"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "a map"
	case reflect.Float32, reflect.Float64:
		return "a number"
	default:
		return "a whole number"
	}
}

// met is what people call a value that JSON calls otherwise.
func met(value string) string {
	switch value {
	case "string":
		return "text"
	case "array":
		return "a list"
	case "object":
		return "a map"
	case "bool":
		return "true or false"
	default:
		return value
	}
}

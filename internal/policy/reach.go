package policy

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Reach returns those of the others that modules look at, by themselves or through
// one another: at a part of a package, at the whole, or at something that the package
// is a part of. It does not know what a reference comes to that is only known when it
// is evaluated, and takes in whatever that could be.
func Reach(modules, others []*Module) []*Module {
	var reached []*Module
	rest := slices.Clone(others)
	for next := modules; len(next) > 0 && len(rest) > 0; {
		var references []ast.Ref
		for _, module := range next {
			references = append(references, module.references()...)
		}
		next = nil
		rest = slices.DeleteFunc(rest, func(module *Module) bool {
			found := slices.ContainsFunc(references, module.in)
			if found {
				next = append(next, module)
			}
			return found
		})
		reached = append(reached, next...)
	}
	return reached
}

// references are what the module looks at below data, as far as that is constant.
func (m *Module) references() []ast.Ref {
	var found []ast.Ref
	own := &m.parsed.Package.Path[0]
	ast.WalkRefs(m.parsed, func(ref ast.Ref) bool {
		if ref.HasPrefix(ast.DefaultRootRef) && &ref[0] != own {
			found = append(found, constant(ref))
		}
		return false
	})
	return found
}

// in says whether a reference meets the package of the module.
func (m *Module) in(reference ast.Ref) bool {
	path := m.parsed.Package.Path
	return reference.HasPrefix(path) || path.HasPrefix(reference)
}

// constant is a reference up to what is only known when it is evaluated. OPA's own
// ground prefix goes on behind another reference.
func constant(ref ast.Ref) ast.Ref {
	for i, term := range ref {
		if _, named := term.Value.(ast.String); i > 0 && !named {
			return ref[:i]
		}
	}
	return ref
}

package policy

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// undefined finds references to parts of data that no module defines. They would
// be undefined at run time, without an error: the rule would find nothing, ever.
// There are no documents beside the modules.
func undefined(compiler *ast.Compiler) Problems {
	var problems Problems
	for _, module := range compiler.Modules {
		ast.WalkRefs(module, func(ref ast.Ref) bool {
			if ref.HasPrefix(ast.DefaultRootRef) && !leads(compiler.RuleTree, ref) {
				name := constant(ref).String()
				problems = append(problems, at(ref[0].Location, Unknown, name, "%s is not defined", name))
			}
			return false
		})
	}
	return slices.Compact(problems.sorted())
}

// leads says whether a reference ends at, or goes through, something that a
// module defines. What it finds inside a rule's value is for the type checker.
func leads(tree *ast.TreeNode, ref ast.Ref) bool {
	for _, term := range ref {
		_, named := term.Value.(ast.String)
		if len(tree.Values) > 0 || !named && !term.Equal(ast.DefaultRootDocument) {
			return true
		}
		next := tree.Child(term.Value)
		if next == nil {
			return false
		}
		tree = next
	}
	return true
}

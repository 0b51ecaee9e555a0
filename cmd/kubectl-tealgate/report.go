package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/desk"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
)

func newReport() *cobra.Command {
	flags := &person{}
	var language string
	command := flags.command(&cobra.Command{
		Use:   "report NAME [RELEASE]",
		Short: "Write the report on a release, in Markdown",
		Long: "Write the report on a release, in Markdown: its checklist, who deployed and who decided why,\n" +
			"how long each phase and the switch took, signals, outcome, release notes. Without RELEASE it is\n" +
			"about the present or last one. Of those before, less is kept.\n\n" +
			"Release notes are the annotation tealgate.dev/release-notes on the Deployments that were released.",
		Example: `  kubectl tealgate report shop > shop-17.md
  kubectl tealgate report shop shop-16 --language zh`,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return oneName(command, args)
		},
		RunE: func(command *cobra.Command, args []string) error {
			if err := checkLanguage(language); err != nil {
				return err
			}
			c, bg, err := flags.read(command, args)
			if err != nil {
				return err
			}
			paper := desk.Paper{BlueGreen: bg, Language: policy.Language(language), Now: time.Now()}
			if len(args) == 2 {
				paper.Release = args[1]
			}
			return writeReport(command, c, paper)
		},
	}, func(c *cluster, command *cobra.Command, have []string) []cobra.Completion {
		if len(have) > 1 {
			return nil
		}
		return releaseNames(c, command, have)
	})
	addLanguage(command, &language, "language of the report")
	return command
}

// writeReport writes it, with what the cluster still has beside the status. What may not be read
// is left out, and that is said.
func writeReport(command *cobra.Command, c *cluster, paper desk.Paper) error {
	bg := paper.BlueGreen
	if paper.Release == "" {
		if bg.Status.Release == nil {
			return fmt.Errorf("%s has had no release yet", bg.Name)
		}
		paper.Release = bg.Status.Release.Name
	}
	ctx, cancel := requesting(command.Context())
	defer cancel()
	decisions := &v1alpha1.DecisionList{}
	err := c.client.List(ctx, decisions, client.InNamespace(bg.Namespace), client.Limit(maxObjects),
		client.MatchingFields{"spec.release": paper.Release, "spec.blueGreen": bg.Name})
	if err := forgiven(command, "Decisions", explained(ctx, err)); err != nil {
		return err
	}
	paper.Decisions = decisions.Items
	if paper.Notes, err = c.notes(ctx, bg, paper.Release); forgiven(command, "release notes", err) != nil {
		return explained(ctx, err)
	}
	text, err := desk.Report(paper)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(command.OutOrStdout(), text)
	return err
}

// forgiven lets pass that something may not be read, and says so.
func forgiven(command *cobra.Command, what string, err error) error {
	if apierrors.IsForbidden(err) {
		command.PrintErrf("note: the report is without %s: %v\n", what, err)
		return nil
	}
	return err
}

// notes are the release notes on the Deployments of a release, while these still are what it
// brought. Notes that several Deployments share are there once.
func (c *cluster) notes(ctx context.Context, bg *v1alpha1.BlueGreen, release string) (string, error) {
	r := bg.Status.Release
	if r.Name != release {
		return "", nil
	}
	var found []string
	for _, kept := range r.Deployments {
		if kept.Revision == nil {
			continue
		}
		deployment := &appsv1.Deployment{}
		err := c.client.Get(ctx, client.ObjectKey{Namespace: bg.Namespace, Name: kept.Name}, deployment)
		if client.IgnoreNotFound(err) != nil {
			return "", err
		}
		notes := strings.TrimSpace(deployment.Annotations[v1alpha1.AnnotationReleaseNotes])
		if err != nil || notes == "" || facts.Version(deployment.Spec.Template.Labels) != r.Version {
			continue
		}
		if len(found) == 0 || found[len(found)-1] != notes {
			found = append(found, notes)
		}
	}
	return strings.Join(found, "\n\n"), nil
}

package main

import "slices"

// released is the second act: tealgate carries a release through, and one back.
var released = slices.Concat(good, bad)

// good is a release that goes well, with everybody who has a say in it.
var good = []step{
	{
		act:   "Act two: a release",
		title: "From now on tealgate moves the traffic, and people decide",
		shown: "A BlueGreen describes a release; by hand nothing moves any more",
		acts: []act{
			{
				as:   ann,
				run:  "kubectl apply -f test/demo/bluegreen.yaml",
				want: []string{"bluegreen.tealgate.dev/shop created", "cronjob.batch/shop-smoke created"},
			},
			{
				as:     mia,
				run:    "kubectl tealgate get",
				want:   []string{"shop green 1.5.0 Idle"},
				within: soon,
			},
			{
				as:     lee,
				run:    `kubectl patch service shop -p '{"spec":{"selector":{"tealgate.dev/color":"blue"}}}'`,
				code:   1,
				want:   []string{"selector-owner", "BlueGreen shop moves"},
				within: soon,
			},
		},
	},
	{
		title: "lee releases 1.6.0. Git has one manifest; render finds the idle color",
		shown: "One manifest in Git: render makes that of the idle color",
		acts: []act{
			{
				as:   lee,
				run:  "kubectl tealgate render -f test/demo/shop.yaml | kubectl apply -f -",
				want: []string{"Deployment shop/shop becomes shop-blue", "deployment.apps/shop-blue configured"},
			},
			{
				as:     mia,
				run:    "kubectl tealgate watch shop --once",
				want:   []string{"shop-1 brings 1.6.0 to blue", "job smoke verify Succeeded", "check login-and-order verify open"},
				within: soon,
			},
		},
	},
	{
		title: "The smoke test has run by itself; tom ticks what people look at",
		shown: "Jobs and a checklist verify it before anybody is asked",
		acts: []act{
			{
				as:   tom,
				run:  "kubectl tealgate check-off shop login-and-order --reason 'tried on the preview'",
				want: []string{"login-and-order checked off by tom: that was the last open item"},
			},
		},
	},
	{
		title: "Go, or not? Who deployed may not decide; mia may",
		shown: "Four eyes: who deployed may not decide; another person says Go",
		acts: []act{
			{
				run:      "kubectl get bluegreen shop -o jsonpath={.status.phase}",
				want:     []string{"AwaitingDecision"},
				offstage: true,
				within:   soon,
			},
			{
				as:   lee,
				run:  "kubectl tealgate go shop",
				code: 2,
				want: []string{"lee deployed 1.6.0, and who deployed may not decide: somebody else must say Go"},
			},
			{
				as:   mia,
				run:  "kubectl tealgate go shop --release shop-1 --reason 'all is ticked'",
				want: []string{"Go by mia: shop-1 switches from green, 1.5.0, to blue, 1.6.0, as soon as blue is fit"},
			},
			{
				as:   mia,
				run:  "kubectl tealgate watch shop",
				live: true,
				want: []string{"shop-1: Succeeded, blue is live with 1.6.0; green is retired"},
			},
			{
				as:   lee,
				run:  showServing,
				want: []string{"shop-blue-"},
				not:  []string{"shop-green-"},
			},
		},
	},
}

// bad is a release that dies after the switch.
var bad = []step{
	{
		title: "1.7.0 takes the same way, passes every check, and gets its Go",
		shown: "The next release: green again, deployed, verified, switched",
		acts: []act{
			{
				as:   lee,
				run:  `sed 's/1\.6\.0/1.7.0/' test/demo/shop.yaml | kubectl tealgate render -f - | kubectl apply -f -`,
				want: []string{"Deployment shop/shop becomes shop-green", "deployment.apps/shop-green configured"},
			},
			{
				as:     tom,
				run:    "kubectl tealgate check-off shop login-and-order",
				want:   []string{"login-and-order checked off by tom"},
				within: soon,
			},
			{
				as:     mia,
				run:    "kubectl tealgate go shop --release shop-2 --reason 'looks fine'",
				want:   []string{"Go by mia: shop-2 switches from blue, 1.6.0, to green, 1.7.0, as soon as green is fit"},
				within: soon,
			},
			{
				as:     lee,
				run:    showServing,
				want:   []string{"shop-green-"},
				not:    []string{"shop-blue-"},
				within: soon,
			},
		},
	},
	{
		title: "Under traffic 1.7.0 falls over, every pod of it",
		shown: "Rolled back by itself with green dead; blue serves again at once",
		acts: []act{
			{
				as:   mia,
				run:  "kubectl tealgate watch shop",
				live: true,
				cue: &cue{
					line: "all is well so far",
					say:  "all of green's pods crash, and none comes back",
					run:  greenPods + `kubectl annotate --overwrite "$@" kwok.tealgate.dev/crash=true`,
				},
				code: 1,
				want: []string{"shop-2 RollingBack", "shop-2: RolledBack,"},
			},
			{
				as:   lee,
				run:  "kubectl get deployments -L tealgate.dev/color",
				want: []string{"shop-blue 3/3", "shop-green 0/3"},
			},
			{
				as:    lee,
				run:   showServing,
				want:  []string{"shop-blue-"},
				not:   []string{"shop-green-"},
				after: (*stage).compare,
			},
		},
	},
	{
		title: "What remains: who decided what, when, and how long it took",
		shown: "The report: for the retrospective, and for who asks next year",
		acts: []act{
			{
				as:   mia,
				run:  "kubectl tealgate history shop",
				want: []string{"shop-2 1.7.0 green RolledBack", "shop-1 1.6.0 blue Succeeded Finished mia"},
			},
			{
				as:   mia,
				run:  "kubectl tealgate report shop",
				want: []string{"# Release shop-2: shop/shop 1.7.0", "**RolledBack**", "- [x] rolled back: all endpoints are blue again", "Change failure rate"},
			},
		},
	},
}

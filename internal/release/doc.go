// Package release decides what a blue-green release does next. It is a pure core: an
// observation and the time go in, a plan comes out. It reads nothing, writes nothing and
// has no clock of its own, so that everything it decides can be put in a table.
//
// A plan either records (the state changes, the world does not) or acts (the state stays,
// one act on the world). What an act is about stands in the recorded state before the act
// happens, so a restart between any two writes finds out from state and world together
// whether to go on or to undo.
//
//	phase             stays while                              leaves to
//	Idle              nothing new stands on the idle color     Deploying: its version is new, or a
//	                                                           person asked for a release
//	Deploying         the idle color is not complete, or has   Verifying: complete, as many ready as
//	                  fewer ready pods than serve now, or      serve; Retiring: deadline, NoGo
//	                  was deployed in this second
//	Verifying         jobs run, the checklist has open items   AwaitingDecision: all of it passed
//	                                                           Retiring: one failed, deadline, NoGo
//	                                                           Deploying: what is verified changed
//	AwaitingDecision  there are fewer valid Go than asked for  Switching: Go, and still fit
//	                                                           Retiring: NoGo, nobody decided in time
//	                                                           Deploying: what is decided on changed
//	Switching         hooks before the switch run; selectors   Watching: the slices hold the new color
//	                  are written; slices follow               RollingBack: they do not, or it broke
//	                                                           Retiring: nothing was moved in time
//	Watching          time runs; signals, jobs, checklist      Retiring: all passed and the time is over
//	                                                           RollingBack: a signal, a fast rule, a
//	                                                           person; Idle: never enough data, or
//	                                                           rollback is manual and nobody came
//	Retiring          the old color may be needed, or is seen  Idle: it is scaled to zero or deleted
//	                  in the slices                            RollingBack: until Retired is recorded
//	RollingBack       the old color has no ready pod, or       Idle: the slices hold the old color, or
//	                  slices follow; after ten minutes it      it cannot be brought back in a day
//	                  takes a person, and goes on trying
//
// Rollback asks about the old color only. Pausing and freezing stop everything else.
//
// The table with every reason in it, and all that is said on the way, is that of TestDecide and
// testdata/states.txt.
package release

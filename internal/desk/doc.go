// Package desk is what people say, see and keep of a release: which word fits where it
// stands, what it looks like on a screen, and what is written about it afterwards.
//
// It is pure: what it knows are the BlueGreen and what stands around it, read by the
// caller, and a time. It decides nothing: a word that fits here may still be refused by
// the API server, or not count for the controller, which has the last word.
package desk

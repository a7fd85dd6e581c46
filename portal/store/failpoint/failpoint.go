// Package failpoint kills the process at a named line, for the tests that
// prove that nothing is lost (SECURITY R1). It does so only in a build with the
// tag failpoint, and there only at the point that CONSERJE_FAILPOINT names; in
// every other build Hit is empty and is inlined away.
//
// The points:
//
//	say.before_ack      the message is committed, the ack not yet sent
//	say.in_tx           the message is written, not yet committed
//	turn.claimed        the turn has an owner, the engine has not started
//	turn.delta          text has gone out to the client (use turn.delta:N)
//	turn.before_effect  the call is in the log, its effect not yet made
//	turn.effect_in_tx   the effect is made, not yet committed
//	turn.after_effect   the effect is committed with its result
//	turn.finish_in_tx   the answer is written, not yet committed
//	turn.finished       the answer is committed, nobody woken yet
//	turn.stop_in_tx     the end of a stopped turn is written, not yet committed
package failpoint

package assistant

import (
	"context"
	"hash/fnv"
	"math"
	"time"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

const (
	holdShards    = 16
	answerTokens  = 2_048 // what one answer may cost, charged before it is asked for
	settleTimeout = 5 * time.Second
)

// budget keeps what a turn spends.
type budget struct {
	asked   int           // calls of the model
	time    time.Duration // in them
	usage   desk.Usage    // of all of them
	pending int           // tokens of a call whose cost nobody told us yet
	held    int           // charged to the tenant's day in advance
	day     string        // to which it is charged
	billed  bool          // Finish has charged usage
}

func (b *budget) add(u desk.Usage) {
	b.usage.Input += u.Input
	b.usage.Output += u.Output
	b.usage.Estimated = b.usage.Estimated || u.Estimated
	b.pending = 0
}

func (b *budget) total() int { return b.usage.Input + b.usage.Output + b.pending }

// spendable reports whether a further call of the model leaves enough of every
// bound for the last one after it.
func (j *job) spendable(request int) bool {
	return j.spent.asked < j.cfg.Steps-1 &&
		j.spent.time < j.cfg.ModelTime*3/4 &&
		j.spent.total()+2*(request+answerTokens) <= j.cfg.TurnTokens
}

// hold charges tokens to the tenant's day before they are used, and to the
// person's share of it, so that nobody spends everybody's (SECURITY J1). It
// reports whether both still have them. What is charged stays charged in a
// crash.
func (j *job) hold(ctx context.Context, tx *store.Tx, tokens int) (bool, error) {
	if j.cfg.DayTokens < 0 || j.spared {
		return true, nil
	}
	day := j.day()
	sum, err := tx.TokensOfDay(ctx, day)
	if err != nil || sum+int64(tokens) > j.cfg.DayTokens {
		return false, err
	}
	if ok, err := tx.Spend(ctx, personKey(j.viewer.User), personWindow, tokens, j.cfg.PersonTokens); err != nil || !ok {
		return false, err
	}
	return true, tx.HoldTokens(ctx, db.HoldTokensParams{TenantID: tx.Tenant, Day: day, Shard: shard(j.id), Tokens: int64(tokens)})
}

const personWindow = 24 * time.Hour

func personKey(user desk.ID) string { return "tokens:" + string(user) }

// day is the same for the whole turn, midnight or not.
func (j *job) day() string {
	if j.spent.day == "" {
		j.spent.day = j.cfg.Now().UTC().Format(time.DateOnly)
	}
	return j.spent.day
}

func shard(id desk.ID) int16 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // never fails
	return int16(h.Sum32() % holdShards)
}

// afford makes sure that the next call of the model is charged in advance.
func (j *job) afford(ctx context.Context, tokens int) (bool, error) {
	missing := j.spent.total() + tokens - j.spent.held
	if missing <= 0 || j.cfg.DayTokens < 0 || j.spared {
		return true, nil
	}
	ok := false
	err := j.cfg.Store.Tenant(j.viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		ok, err = j.hold(ctx, tx, missing)
		return err
	})
	if ok && err == nil {
		j.spent.held += missing
	}
	return ok, err
}

// settle gives back what was charged in advance, and charges what a turn
// without an answer used. It runs after the user has their answer.
func (j *job) settle(ctx context.Context) {
	owed := desk.Usage{Input: j.spent.usage.Input + j.spent.pending, Output: j.spent.usage.Output}
	if j.spent.billed || j.spared {
		owed = desk.Usage{}
	}
	if j.spent.held == 0 && owed.Input+owed.Output == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	err := j.cfg.Store.Tenant(j.viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if owed.Input+owed.Output > 0 {
			p := db.CountUsageParams{TenantID: tx.Tenant, InputTokens: int64(owed.Input), OutputTokens: int64(owed.Output)}
			if err := tx.CountUsage(ctx, p); err != nil {
				return err
			}
		}
		if j.spent.held == 0 {
			return nil
		}
		if _, err := tx.Spend(ctx, personKey(j.viewer.User), personWindow, j.spent.total()-j.spent.held, math.MaxInt32); err != nil {
			return err
		}
		return tx.HoldTokens(ctx, db.HoldTokensParams{TenantID: tx.Tenant, Day: j.day(), Shard: shard(j.id), Tokens: -int64(j.spent.held)})
	})
	if err != nil {
		j.cfg.Log.WarnContext(ctx, "tokens not settled", "tenant", j.viewer.Tenant, "turn", j.id, "error", err)
	}
}

// size estimates what a request costs to read.
func size(req model.Request) int {
	n := 0
	for i := range req.Messages {
		m := &req.Messages[i]
		n += 4 + model.CountTokens(m.Text) + model.PictureTokens*len(m.Pictures)
		for _, c := range m.ToolCalls {
			n += 8 + model.CountTokens(c.Name) + model.CountTokens(c.Arguments)
		}
	}
	for i := range req.Tools {
		n += 8 + model.CountTokens(req.Tools[i].Description) + model.CountTokens(string(req.Tools[i].Schema))
	}
	return n
}

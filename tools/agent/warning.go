package agent

import (
	"fmt"
	"time"

	"github.com/conserje/conserje/tools/devices/wire"
)

// Labels of the two answers.
const (
	nowLabel   = "Now"
	laterLabel = "Later"
)

// warningText is what a person reads before the device goes off.
func warningText(w Warning) string {
	what := "restart"
	if w.Operation == wire.Shutdown {
		what = "shut down"
	}
	text := fmt.Sprintf("You asked the service portal to %s this computer. It will %s in %s. Please save your work.", what, what, spoken(w.For))
	if w.MayPostpone {
		text += fmt.Sprintf(" %q puts it off by %s.", laterLabel, spoken(w.PostponedFor))
	}
	return text
}

func spoken(d time.Duration) string {
	if d < 2*time.Minute {
		return fmt.Sprintf("%d seconds", int(d/time.Second))
	}
	return fmt.Sprintf("%d minutes", int(d/time.Minute))
}

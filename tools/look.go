package tools

import (
	"context"
	"strings"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/prompts"
)

// Bounds of what is listed.
const (
	maxDevices  = 20
	maxSoftware = 40
	maxActions  = 10
)

// looking makes a tool that reads in a transaction of the viewer's tenant.
func looking[A any](st *store.Store, name string, run func(context.Context, *store.Tx, desk.Viewer, A) (Result, error)) Tool {
	return reading(name, policy.RuleSelfService, func(ctx context.Context, _ Call, a A) (res Result, err error) {
		v, err := desk.ViewerFrom(ctx)
		if err != nil {
			return Result{}, err
		}
		err = st.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
			res, err = run(ctx, tx, v, a)
			return err
		})
		return res, err
	})
}

type devicesArgs struct{}

// ListMyDevices lists the computers assigned to the viewer.
func ListMyDevices(st *store.Store, l Ledger) Tool {
	return looking(st, prompts.ToolDevices, func(ctx context.Context, tx *store.Tx, v desk.Viewer, _ devicesArgs) (Result, error) {
		list, err := l.DevicesTx(ctx, tx, v)
		if err != nil {
			return Result{}, err
		}
		out := prompts.Devices{Devices: append([]prompts.DeviceLine{}, list[:min(len(list), maxDevices)]...)}
		for i := range out.Devices {
			out.Devices[i].Name = shorten(out.Devices[i].Name, 100)
		}
		return Result{OK: true, Content: prompts.Data(prompts.ToolDevices, out)}, nil
	})
}

type softwareArgs struct {
	Device *string `json:"device" max:"100"`
	Query  *string `json:"query" max:"100"`
}

// ListSoftware lists what the viewer may install.
func ListSoftware(st *store.Store, l Ledger) Tool {
	return looking(st, prompts.ToolSoftware, func(ctx context.Context, tx *store.Tx, v desk.Viewer, a softwareArgs) (Result, error) {
		on := ""
		if a.Device != nil {
			d, err := ownDevice(ctx, tx, l, v, a.Device)
			if err != nil {
				return Result{}, err
			}
			on = d.Name
		}
		list, err := l.SoftwareTx(ctx, tx, v)
		if err != nil {
			return Result{}, err
		}
		out := prompts.Software{Software: []prompts.SoftwareLine{}}
		for _, s := range list {
			if a.Query != nil && !strings.Contains(strings.ToLower(s.Name+" "+s.Publisher), strings.ToLower(strings.TrimSpace(*a.Query))) {
				continue
			}
			if len(out.Software) == maxSoftware {
				out.More = true
				break
			}
			s.Name, s.Publisher, s.Description = shorten(s.Name, 100), shorten(s.Publisher, 80), shorten(s.Description, 120)
			s.On = onDevice(s.On, on)
			out.Software = append(out.Software, s)
		}
		for len(prompts.Data(prompts.ToolSoftware, out)) > prompts.MaxToolBytes {
			out.Software, out.More = out.Software[:len(out.Software)-1], true
		}
		return Result{OK: true, Content: prompts.Data(prompts.ToolSoftware, out)}, nil
	})
}

func onDevice(list []prompts.SoftwareDevice, name string) []prompts.SoftwareDevice {
	var out []prompts.SoftwareDevice
	for _, d := range list {
		if (name == "" || d.Device == name) && len(out) < 5 {
			out = append(out, d)
		}
	}
	return out
}

type statusArgs struct {
	Action *string `json:"action" max:"36"`
}

// ActionStatus says how the viewer's actions stand, in the ledger's own words.
func ActionStatus(st *store.Store, l Ledger) Tool {
	return looking(st, prompts.ToolStatus, func(ctx context.Context, tx *store.Tx, v desk.Viewer, a statusArgs) (Result, error) {
		list, err := l.ActionsTx(ctx, tx, v, maxActions)
		if err != nil {
			return Result{}, err
		}
		if a.Action != nil {
			one, err := pick(list, strings.ToLower(*a.Action), "action", "action", func(l prompts.ActionLine) (string, string) { return l.ID, l.ID })
			if err != nil {
				return Result{}, err
			}
			list = []prompts.ActionLine{one}
		}
		return Result{OK: true, Content: prompts.Data(prompts.ToolStatus, prompts.Actions{Actions: append([]prompts.ActionLine{}, list...)})}, nil
	})
}

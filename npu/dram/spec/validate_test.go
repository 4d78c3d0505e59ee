package spec

import (
	"reflect"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// mayBeZero are the fields that may be zero, and what zero means.
var mayBeZero = map[string]string{
	"Comments":  "no assumption",
	"HalfClock": "HBM2: a clock is a CK",
	"TDQSCK":    "read data in step with the clock",
	"TCCDMW":    "masked writes like others",
	"TCCDLM":    "masked writes like others",
	"BankModes": "one organisation of banks",
	"TRFC4":     "no fine granularity of 4x",
	"Hot":       "no table of temperatures",
	"WriteIO":   "the host drives the pins",
}

// otherwiseNamed are the fields whose lack is reported under another name.
var otherwiseNamed = map[string]string{
	"Name":     "has no name",
	"Source":   "has no source",        // of the energy table: "its energy table has no source"
	"Family":   "HBM",                  // an HBM that is not one: its HBM.* is superfluous; or Stacks
	"Split":    "TAAD is 8",            // is superfluous
	"WCK":      "TWCKPST is 1",         // is superfluous
	"SameBank": "TREFIPB 1560",         // of half a TREFI
	"Stacks":   "pseudo channels of 0", // of HBM
}

// leaves calls visit for every field of a standard, and of the structs inside, that is not zero.
func leaves(v reflect.Value, visit func(name string, field reflect.Value)) {
	for field, value := range v.Fields() {
		switch {
		case value.IsZero():
		case value.Kind() == reflect.Struct:
			leaves(value, visit)
		default:
			visit(field.Name, value)
		}
	}
}

// TestEveryFieldIsNeeded zeroes the fields of every preset, one at a time.
func TestEveryFieldIsNeeded(t *testing.T) {
	for _, preset := range All() {
		s := *preset
		tried := 0
		leaves(reflect.ValueOf(&s).Elem(), func(field string, value reflect.Value) {
			tried++
			t.Run(s.Name+" without "+field, func(t *testing.T) {
				was := reflect.New(value.Type()).Elem()
				was.Set(value)
				value.SetZero()
				err := s.Validate()
				value.Set(was)
				want := field
				if other := otherwiseNamed[field]; other != "" {
					want = other
				}
				switch {
				case mayBeZero[field] != "":
					if err != nil {
						t.Errorf("error %v, although zero means: %s", err, mayBeZero[field])
					}
				case err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "energy table", ""), want) && !strings.Contains(err.Error(), want):
					t.Errorf("error %v, want one with %q", err, want)
				}
			})
		})
		if tried < 45 {
			t.Errorf("%s has only %d fields", s.Name, tried)
		}
	}
}

func TestContradictionsAreRefused(t *testing.T) {
	const lpddr5, ddr4, hbm = `DRAM standard "lpddr5-6400": `, `DRAM standard "ddr4-3200": `, `DRAM standard "hbm3-6400": `
	for _, c := range []struct {
		of     func() *Standard
		damage func(s *Standard)
		want   string
	}{
		{lpddr56400, func(s *Standard) { s.Source = " " }, lpddr5 + "has no source: every timing table needs a citation"},
		{lpddr56400, func(s *Standard) { s.Family = 7 }, lpddr5 + "family 7 is not known"},
		{lpddr56400, func(s *Standard) { s.TCK = 0 }, lpddr5 + "clock period TCK is 0 fs; accepted: 1 or more"},
		{lpddr56400, func(s *Standard) { s.Banks = 3 }, lpddr5 + "Banks is 3; accepted: a power of two"},
		{lpddr56400, func(s *Standard) { s.Groups = -4 }, lpddr5 + "Groups is -4; accepted: a power of two"},
		{lpddr56400, func(s *Standard) { s.Rows = 1 << 31 }, lpddr5 + "Rows is 2147483648; accepted: a power of two"},
		{lpddr56400, func(s *Standard) { s.Stacks = 2 }, lpddr5 + "Stacks is 2; accepted: 0, as only HBM has stack identifiers"},
		{ddr43200, func(s *Standard) { s.Ranks = 8 }, ddr4 + "has 8 ranks; accepted: 1, 2, 4"},
		{ddr56400, func(s *Standard) { s.Ranks = 4 }, `DRAM standard "ddr5-6400": has 4 ranks of 8 bank groups of 4 banks; at most 32 groups and 64 banks are modelled`},

		{lpddr56400, func(s *Standard) { s.Timing.TRCD = 0 }, lpddr5 + "timing TRCD is 0; accepted: 1 or more"},
		{lpddr56400, func(s *Standard) { s.Timing.TFAW = -16 }, lpddr5 + "timing TFAW is -16; accepted: 1 or more"},
		{lpddr56400, func(s *Standard) { s.Timing.TREFI = 1 << 40 }, lpddr5 + "timing TREFI is 1099511627776; accepted: at most 1073741824"},
		{lpddr56400, func(s *Standard) { s.Timing.TREFIPB = 0 }, lpddr5 + "timing TREFIPB is 0; accepted: 1 or more"},
		{ddr43200, func(s *Standard) { s.Timing.TRFC2 = 561 }, ddr4 + "TRFC2 is 561; accepted: 0, or half to all of TRFC 560"},
		{ddr43200, func(s *Standard) { s.Timing.TRFC4 = 207 }, ddr4 + "TRFC4 is 207; accepted: 0, or half to all of TRFC2 416"},
		{ddr43200, func(s *Standard) { s.Timing.TRFC2 = -1 }, ddr4 + "TRFC2 is -1; accepted: 0, or half to all of TRFC 560"},
		{lpddr56400, func(s *Standard) { s.SameBank = true }, lpddr5 + "RefreshBanks is 2 of 4 groups; accepted: as many, at least 2, as same-bank refresh is of one bank of each"},
		{ddr43200, func(s *Standard) { s.BankModes = BankModes{BankGroups} }, ddr4 + "BankModes are bank-group; accepted: none, as they are of LPDDR5's 16 banks and bursts of 16"},
		{lpddr56400, func(s *Standard) { s.BankModes = BankModes{Bank16} }, lpddr5 + "BankModes begin with 16-bank, of 4 groups; accepted: first bank-group of several groups, 16-bank of one"},
		{lpddr56400, func(s *Standard) { s.BankModes = BankModes{BankGroups, Bank16} }, lpddr5 + "BankModes are bank-group, 16-bank; accepted: the one of the table, and 8-bank"},
		{lpddr56400, func(s *Standard) { s.Timing.TCCDMW = 3 }, lpddr5 + "TCCDMW is 3; accepted: 0, or TCCDLW 4 or more, of LPDDR or DDR"},
		{lpddr56400, func(s *Standard) { s.Timing.TBLMin = 5 }, lpddr5 + "TBLMin is 5; accepted: 0, or TBL 2 to TBLMax 4"},
		{lpddr56400, func(s *Standard) { s.Hot = []HotStep{{85, 2}} }, lpddr5 + "Hot has refresh 2 times as often up to 85C; accepted: more often than 1 times, above 85C, at most 8 times"},
		{lpddr56400, func(s *Standard) { s.Hot[1].Times = 2 }, lpddr5 + "Hot has refresh 2 times as often up to 105C; accepted: more often than 2 times, above 95C, at most 8 times"},
		{ddr43200, func(s *Standard) { s.RefreshBanks = 1 }, ddr4 + "timing TREFIPB is 0; accepted: 1 or more"},
		{ddr43200, func(s *Standard) { s.Timing.TAAD = 8 }, ddr4 + "TAAD is 8; accepted: 0, as the standard has no use for it"},
		{ddr43200, func(s *Standard) { s.Timing.TRCDWR = 8 }, ddr4 + "TRCDWR is 8; accepted: 0, as the standard has no use for it"},
		{ddr43200, func(s *Standard) { s.HBM.HalfClock = true }, ddr4 + "HBM.HalfClock is of HBM only"},

		{lpddr56400, func(s *Standard) { s.Timing.TBL = 3 }, lpddr5 + "TBL 3 clocks do not divide the 16 transfers of a burst of 32 B on 16 pins"},
		{lpddr56400, func(s *Standard) { s.Timing.TRC = 48 }, lpddr5 + "TRC 48 is shorter than TRAS 34 + TRP 15"},
		{lpddr56400, func(s *Standard) { s.Timing.TCWL = 21 }, lpddr5 + "TCWL 21 is not shorter than TCL 17 + TBL 2 + TRTRS 2"},
		{lpddr56400, func(s *Standard) { s.Timing.TBLMax = 1 }, lpddr5 + "TBLMax 1 is shorter than TBL 2"},
		{lpddr56400, func(s *Standard) { s.Timing.TRPAB = 14 }, lpddr5 + "TRPAB 14 is shorter than TRP 15"},
		{lpddr56400, func(s *Standard) { s.Timing.TCCDL = 1 }, lpddr5 + "TCCDL 1, of one bank group, is shorter than TCCDS 2"},
		{lpddr56400, func(s *Standard) { s.Timing.TCCDLW = 1 }, lpddr5 + "TCCDLW 1, of one bank group, is shorter than TCCDSW 2"},
		{lpddr56400, func(s *Standard) { s.Timing.TRRDL = 3 }, lpddr5 + "TRRDL 3, of one bank group, is shorter than TRRDS 4"},
		{lpddr56400, func(s *Standard) { s.Timing.TWTRL = 4 }, lpddr5 + "TWTRL 4, of one bank group, is shorter than TWTRS 5"},
		{lpddr56400, func(s *Standard) { s.Timing.TCCDS = 1 }, lpddr5 + "TCCDS 1 is shorter than TBL 2: bursts would overlap"},
		{lpddr56400, func(s *Standard) { s.Timing.TCCDSW = 1 }, lpddr5 + "TCCDSW 1 is shorter than TBL 2: bursts would overlap"},
		{lpddr56400, func(s *Standard) { s.Timing.TFAW = 3 }, lpddr5 + "TFAW 3, of four activates, is shorter than TRRDS 4, of one"},
		{lpddr56400, func(s *Standard) { s.Timing.TREFI = 224 }, lpddr5 + "TREFI 224 is not longer than TRFC 224: the channel would do nothing but refresh"},
		{lpddr56400, func(s *Standard) { s.Timing.TREFIPB = 195 }, lpddr5 + "TREFIPB 195 is not TREFI 3125 / 8, the per-bank refreshes of a round"},
		{lpddr56400, func(s *Standard) { s.RefreshBanks = 3 }, lpddr5 + "RefreshBanks is 3; accepted: a divisor of the 16 banks of a rank"},
		{lpddr56400, func(s *Standard) { s.RefreshBanks = 1 }, lpddr5 + "TREFIPB 391 is not TREFI 3125 / 16, the per-bank refreshes of a round"},
		{lpddr56400, func(s *Standard) { s.RefreshRounds = -1 }, lpddr5 + "RefreshRounds is -1; accepted: 0 to 8"},
		{ddr43200, func(s *Standard) { s.Commands = CommandClocks{} }, ddr4 + "Commands.Activate is 0; accepted: 1 or more"},
		{ddr43200, func(s *Standard) { s.Commands.Column = 5 }, ddr4 + "TCCDS 4 is shorter than the 5 clocks of a column command"},
		{ddr43200, func(s *Standard) { s.Commands.Precharge = 2 }, ddr4 + "TPPD 1 is shorter than the 2 clocks of a PRE"},
		{lpddr56400, func(s *Standard) { s.Commands.Activate = 2 },
			lpddr5 + "commands take 2, 1 and 1 clocks; accepted: 1, as an activate in two parts and a CAS are modelled with commands of one clock"},
		{hbm3, func(s *Standard) { s.Commands.Column = 1 }, hbm + "Commands.Column is 1; accepted: 0, as the standard has no use for it"},
		{lpddr56400, func(s *Standard) { s.Timing.TDQSCK = -1 }, lpddr5 + "TDQSCK is -1; accepted: 0 to 1073741824"},
		{lpddr56400, func(s *Standard) { s.Timing.TRFCPB = 225 }, lpddr5 + "TRFC 224 is shorter than TRFCPB 225, of fewer banks"},
		{lpddr56400, func(s *Standard) { s.Timing.TPBR2PB = 392 }, lpddr5 + "TREFIPB 391 is shorter than TPBR2PB 392: refreshes would fall due faster than they may be issued"},
		{lpddr56400, func(s *Standard) { s.Timing.TPBR2AC = 113 }, lpddr5 + "TRFCPB 112, of the bank itself, is shorter than TPBR2AC 113, of another"},

		{hbm3, func(s *Standard) { s.Ranks = 1 }, hbm + "has 1 pseudo channels of 2 stacks of 4 x 4 banks; the HBM controller drives 2 of 1 or 2 of 4 x 4"},
		{hbm3, func(s *Standard) { s.Timing.TRC = 141 }, hbm + "TRC 141 is shorter than TRAS 90 + TRP 52"},
		{hbm3, func(s *Standard) { s.Timing.TCCDR = 3 }, hbm + "TCCDR 3, of other dies, is shorter than TCCDS 4"},
		{hbm3, func(s *Standard) { s.Timing.TCS = 2 }, hbm + "TCS is 2; accepted: 0, as the standard has no use for it"},
		{hbm3, func(s *Standard) { s.Timing.TPPD = 1 }, hbm + "TPPD is 1 half clocks; accepted: 2 or more, as a PRE may not use the falling edge paired with another"},
		{hbm3, func(s *Standard) { s.HBM.Activate = 53 }, hbm + "TRP 52 is not longer than the 53 clocks of an ACT"},
		{hbm3, func(s *Standard) { s.HBM.Column = 5 }, hbm + "TCCDS 4 is shorter than the 5 clocks of a column command"},
		{hbm3, func(s *Standard) { s.Split = true }, hbm + "Split and WCK are of LPDDR5, not of HBM"},

		{lpddr56400, func(s *Standard) { s.Energy = Energy{} }, lpddr5 + "its energy table has no source"},
		{lpddr56400, func(s *Standard) { s.Energy.WriteIO = -1 }, lpddr5 + "energy WriteIO is -1; accepted: 0 or more"},
		{lpddr56400, func(s *Standard) { s.Energy.Active = 1 }, lpddr5 + "background power Active 1uW is less than Standby 36.825mW"},
		{lpddr56400, func(s *Standard) { s.Energy.RefreshBank = 1e6 }, lpddr5 + "energy RefreshBank 1uJ is more than Refresh 50.715nJ, of all banks"},
		{ddr43200, func(s *Standard) { s.Energy.RefreshBank = 1 }, ddr4 + "energy RefreshBank is 1; accepted: 0, as the standard has no per-bank refresh"},
	} {
		t.Run(strings.TrimPrefix(c.want, "DRAM standard "), func(t *testing.T) {
			s := c.of()
			c.damage(s)
			simtest.WantError(t, s.Validate(), c.want)
		})
	}
}

func TestRanksOfLPDDRAndDDR(t *testing.T) {
	for _, preset := range All() {
		for _, ranks := range []int{1, 2, 4} {
			s := *preset
			if s.Family == HBM {
				continue
			}
			s.Ranks = ranks
			if err := s.Validate(); (err == nil) != (ranks*s.Groups*s.Banks <= MaxBanks) {
				t.Errorf("%d ranks of %s: %v", ranks, s.Name, err)
			}
		}
	}
}

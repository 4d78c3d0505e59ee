package engine_test

import (
	"fmt"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/sim/engine"
)

// counter wakes every ten cycles until it has counted to three.
type counter struct {
	*engine.Component
	n int64
}

func (c *counter) Woken(_ int, _ int64) error {
	c.n++
	fmt.Printf("cycle %d: %d\n", c.Now(), c.n)
	if c.n < 3 {
		c.WakeIn(10, 0, 0)
	}
	return nil
}

func (c *counter) Received(akita.Port) error { return nil }
func (c *counter) Freed(akita.Port) error    { return nil }

// A component embeds *engine.Component and is its own Behaviour.
func ExampleComponent() {
	e := engine.NewEngine()
	c := &counter{}
	c.Component = engine.NewComponent("Counter", e, engine.NewClock(1e9), c)
	c.WakeAt(5, 0, 0)
	if err := e.Run(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// cycle 5: 1
	// cycle 15: 2
	// cycle 25: 3
}

package weights

// Clusters of a row are intervals of its distinct values in their order, each of which counts for a mass. What follows finds the
// best of them: k-means in one dimension, solved by dynamic programming (Wang and Song, R Journal 3/2, 2011), where the best
// place for the last cluster to begin moves only up with the number of values (Grønlund et al., arXiv 1701.07204).

// sums are over the first i distinct values from one end.
type sums struct {
	mass   []float64 // exact: integers
	moment []float64 // exact where all values count 1: multiples of 2^-24 below 2^29
	// of[k] is about the best k+1 clusters of the first i.
	of []best
}

// best is about the best clusters of the first i values.
type best struct {
	gains []float64 // see gain
	last  []int32   // where the last of them begins
}

// size makes room for n distinct values, and empties the sums. Half the clusters of a seed are looked for from each end.
func (s *sums) size(n, seed int) {
	if cap(s.mass) <= n {
		s.mass, s.moment, s.of = make([]float64, n+1), make([]float64, n+1), make([]best, 1<<(seed-1))
		for k := range s.of {
			s.of[k] = best{make([]float64, n+1), make([]int32, n+1)}
		}
	}
	s.mass, s.moment = s.mass[:n+1], s.moment[:n+1]
	for k, b := range s.of {
		s.of[k] = best{b.gains[:n+1], b.last[:n+1]}
	}
}

// add puts value i behind those before it.
func (s *sums) add(i int, mass, moment float64) {
	s.mass[i+1], s.moment[i+1] = s.mass[i]+mass, s.moment[i]+moment
}

// nothing makes the gain of an empty cluster 0. It vanishes beside the mass of any other, which is 1 or more.
const nothing = 0x1p-1022

// gain is by how much a cluster lowers the squared error below that of all values taken as 0: its moment squared by its mass.
// The best clusters have the largest sum of gains.
func gain(mass, moment float64) float64 {
	return float64(float64(moment*moment) * (1 / (mass + nothing)))
}

// total is what the values of a cluster come to. They are added up anew: the difference of two sums over the row has an error of
// all that lies before it, which matters where this counts for little.
func (q *quantiser) total(from, to int) (mass, moment float64) {
	for i := from; i < to; i++ {
		mass, moment = mass+q.mass[i], moment+q.moment[i]
	}
	return mass, moment
}

// divide returns the first of the best places to divide a cluster; one of a single value has an empty upper half.
func (q *quantiser) divide(from, to int) int {
	at, largest := to, -1.0
	mass, moment := q.total(from, to)
	below, of := 0.0, 0.0
	for i := from + 1; i < to; i++ {
		below, of = below+q.mass[i-1], of+q.moment[i-1]
		if g := gain(below, of) + gain(mass-below, moment-of); g > largest {
			at, largest = i, g
		}
	}
	return at
}

// seed finds the best clusters of so many bits: the best half of them for all values below a place and the best other half for
// all above, at the best place.
func (q *quantiser) seed(between []int) {
	all := len(q.orders)
	q.up.cluster()
	q.down.cluster()
	half := len(q.up.of)
	at, largest := 0, -1.0
	for i := range all + 1 {
		if g := q.up.of[half-1].gains[i] + q.down.of[half-1].gains[all-i]; g > largest {
			at, largest = i, g
		}
	}
	// between[half] is at; what lies beside 0 and all is found by dividing the outermost two clusters.
	below, above := at, all-at
	for k := half; k > 2; k-- {
		between[k], between[2*half-k] = below, all-above
		below, above = int(q.up.of[k-1].last[below]), int(q.down.of[k-1].last[above])
	}
	between[2], between[2*half-2] = below, all-above
	between[0], between[1] = 0, q.divide(0, below)
	between[2*half-1], between[2*half] = q.divide(all-above, all), all
}

// cluster finds for each i the best clusters of the first i values: one, two and so on.
func (s *sums) cluster() {
	for i := range s.mass {
		s.of[0].gains[i] = gain(s.mass[i], s.moment[i])
	}
	for k := 1; k < len(s.of); k++ {
		s.another(k, 0, len(s.mass), 0, len(s.mass))
	}
}

// another finds the last of k+1 clusters of the first i values, for i from from to to-1, whose best places are known to be from
// low to high-1. Halving again and again takes n·log n steps.
func (s *sums) another(k, from, to, low, high int) {
	if from >= to {
		return
	}
	middle := (from + to) / 2
	mass, moment := s.mass[middle], s.moment[middle]
	at, largest := low, -1.0
	below := s.of[k-1].gains[low:min(high, middle+1)]
	masses, moments := s.mass[low:][:len(below)], s.moment[low:][:len(below)]
	for i, g := range below {
		if g += gain(mass-masses[i], moment-moments[i]); g > largest {
			at, largest = low+i, g
		}
	}
	s.of[k].gains[middle], s.of[k].last[middle] = largest, int32(at)
	s.another(k, from, middle, low, at+1)
	s.another(k, middle+1, to, at, high)
}

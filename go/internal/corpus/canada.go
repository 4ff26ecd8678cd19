package corpus

import "math"

// The type of a map: nested arrays of numbers with all the digits that a float64 has.
type (
	CanadaGeometry struct {
		Type     string          `json:"type"`
		Features []CanadaFeature `json:"features"`
	}
	CanadaFeature struct {
		Type       string           `json:"type"`
		Properties CanadaProperties `json:"properties"`
		Geometry   CanadaShape      `json:"geometry"`
	}
	CanadaProperties struct {
		Name string `json:"name"`
	}
	CanadaShape struct {
		Type        string         `json:"type"`
		Coordinates [][][2]float64 `json:"coordinates"`
	}
)

// Canada generates the outline of a country of that many closed rings.
func Canada(rings int) Document {
	s := newSource(2)
	coordinates := several(rings, func(int) any {
		longitude, latitude := -140+85*s.Float64(), 42+40*s.Float64()
		points := s.between(2, 28)
		ring := several(points, func(int) any {
			longitude += s.Float64() - 0.5
			latitude += s.Float64() - 0.5
			return array{longitude, math.Round(latitude*1e6) / 1e6}
		})
		return append(ring, ring[0])
	})
	return document[CanadaGeometry]("canada", object{
		{"type", "FeatureCollection"},
		{"features", array{object{
			{"type", "Feature"},
			{"properties", object{{"name", "Canada"}}},
			{"geometry", object{{"type", "Polygon"}, {"coordinates", coordinates}}},
		}}},
	}, "")
}

package corpus

import "strconv"

// The type of a catalogue: maps whose keys are numbers, many small integers, many nulls.
type (
	CitmCatalog struct {
		AreaNames                map[int64]string    `json:"areaNames"`
		AudienceSubCategoryNames map[int64]string    `json:"audienceSubCategoryNames"`
		BlockNames               map[int64]string    `json:"blockNames"`
		Events                   map[int64]CitmEvent `json:"events"`
		Performances             []CitmPerformance   `json:"performances"`
		SeatCategoryNames        map[uint64]string   `json:"seatCategoryNames"`
		SubTopicNames            map[uint64]string   `json:"subTopicNames"`
		SubjectNames             map[uint64]string   `json:"subjectNames"`
		TopicNames               map[uint64]string   `json:"topicNames"`
		TopicSubTopics           map[uint64][]uint64 `json:"topicSubTopics"`
		VenueNames               map[string]string   `json:"venueNames"`
	}
	CitmEvent struct {
		Description string `json:"description"`
		ID          int    `json:"id"`
		Logo        string `json:"logo"`
		Name        string `json:"name"`
		SubTopicIDs []int  `json:"subTopicIds"`
		SubjectCode any    `json:"subjectCode"`
		Subtitle    any    `json:"subtitle"`
		TopicIDs    []int  `json:"topicIds"`
	}
	CitmPerformance struct {
		EventID        int                `json:"eventId"`
		ID             int                `json:"id"`
		Logo           any                `json:"logo"`
		Name           any                `json:"name"`
		Prices         []CitmPrice        `json:"prices"`
		SeatCategories []CitmSeatCategory `json:"seatCategories"`
		SeatMapImage   any                `json:"seatMapImage"`
		Start          int64              `json:"start"`
		VenueCode      string             `json:"venueCode"`
	}
	CitmPrice struct {
		Amount                int   `json:"amount"`
		AudienceSubCategoryID int64 `json:"audienceSubCategoryId"`
		SeatCategoryID        int64 `json:"seatCategoryId"`
	}
	CitmSeatCategory struct {
		Areas          []CitmArea `json:"areas"`
		SeatCategoryID int        `json:"seatCategoryId"`
	}
	CitmArea struct {
		AreaID   int   `json:"areaId"`
		BlockIDs []any `json:"blockIds"`
	}
)

// Citm generates the catalogue of concert halls with that many performances.
func Citm(performances int) Document {
	s := newSource(4)
	areas, categories := citmIDs(s, 17), citmIDs(s, 40)
	topics, subTopics := citmIDs(s, 4), citmIDs(s, 19)
	events := citmIDs(s, performances*3/4+1)
	audience := s.id(9)

	members := object{}
	for _, id := range events {
		members = append(members, member{strconv.Itoa(id), object{
			{"description", nil},
			{"id", id},
			{"logo", citmLogo(s)},
			{"name", citmName(s)},
			{"subTopicIds", several(s.between(1, 4), func(int) any { return pick(s, subTopics) })},
			{"subjectCode", nil},
			{"subtitle", nil},
			{"topicIds", several(s.between(1, 2), func(int) any { return pick(s, topics) })},
		}})
	}
	shows := several(performances, func(i int) any {
		sold := s.between(1, 4)
		return object{
			{"eventId", events[i%len(events)]},
			{"id", s.id(9)},
			{"logo", citmLogo(s)},
			{"name", nil},
			{"prices", several(sold, func(i int) any {
				return object{
					{"amount", s.between(10, 400) * 250},
					{"audienceSubCategoryId", audience},
					{"seatCategoryId", categories[i]},
				}
			})},
			{"seatCategories", several(sold, func(i int) any {
				inside := several(s.between(1, len(areas)), func(i int) any {
					return object{{"areaId", areas[i]}, {"blockIds", array{}}}
				})
				return object{{"areas", inside}, {"seatCategoryId", categories[i]}}
			})},
			{"seatMapImage", nil},
			{"start", 1372701600000 + s.IntN(10000)*3600000},
			{"venueCode", "PLEYEL_PLEYEL"},
		}
	})
	topicSubTopics := object{}
	for _, id := range topics {
		inside := several(s.between(1, 9), func(int) any { return pick(s, subTopics) })
		topicSubTopics = append(topicSubTopics, member{strconv.Itoa(id), inside})
	}
	return document[CitmCatalog]("citm", object{
		{"areaNames", citmNames(s, areas)},
		{"audienceSubCategoryNames", object{{strconv.Itoa(audience), "Abonné"}}},
		{"blockNames", object{}},
		{"events", members},
		{"performances", shows},
		{"seatCategoryNames", citmNames(s, categories)},
		{"subTopicNames", citmNames(s, subTopics)},
		{"subjectNames", object{}},
		{"topicNames", citmNames(s, topics)},
		{"topicSubTopics", topicSubTopics},
		{"venueNames", object{{"PLEYEL_PLEYEL", "Salle Pleyel"}}},
	}, "    ")
}

func citmIDs(s source, count int) []int {
	ids := make([]int, count)
	for i := range ids {
		ids[i] = s.id(9)
	}
	return ids
}

func citmNames(s source, ids []int) object {
	names := object{}
	for _, id := range ids {
		names = append(names, member{strconv.Itoa(id), citmName(s)})
	}
	return names
}

func citmLogo(s source) any {
	if s.chance(70) {
		return nil
	}
	return "/images/UE0AAAAACE" + s.hex(12)
}

func citmName(s source) string {
	return s.words([]string{"Arrière-scène", "Orchestre", "1er", "2ème", "balcon", "Deutsches", "Philharmonie", "Été", "quatuor"}, s.between(2, 4))
}

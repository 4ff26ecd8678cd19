package corpus

import (
	"strconv"
	"time"
)

// The type of a page of search results: wide structs, text of many scripts, numbers in strings.
type (
	TwitterSearch struct {
		Statuses       []TwitterStatus `json:"statuses"`
		SearchMetadata TwitterMetadata `json:"search_metadata"`
	}
	TwitterMetadata struct {
		CompletedIn float64 `json:"completed_in"`
		MaxID       int64   `json:"max_id"`
		MaxIDStr    int64   `json:"max_id_str,string"`
		NextResults string  `json:"next_results"`
		Query       string  `json:"query"`
		RefreshURL  string  `json:"refresh_url"`
		Count       int     `json:"count"`
		SinceID     int     `json:"since_id"`
		SinceIDStr  int     `json:"since_id_str,string"`
	}
	TwitterStatus struct {
		Metadata             TwitterLanguage `json:"metadata"`
		CreatedAt            string          `json:"created_at"`
		ID                   int64           `json:"id"`
		IDStr                int64           `json:"id_str,string"`
		Text                 string          `json:"text"`
		Source               string          `json:"source"`
		Truncated            bool            `json:"truncated"`
		InReplyToStatusID    int64           `json:"in_reply_to_status_id"`
		InReplyToStatusIDStr int64           `json:"in_reply_to_status_id_str,string"`
		InReplyToUserID      int64           `json:"in_reply_to_user_id"`
		InReplyToUserIDStr   int64           `json:"in_reply_to_user_id_str,string"`
		InReplyToScreenName  string          `json:"in_reply_to_screen_name"`
		User                 TwitterUser     `json:"user"`
		Geo                  any             `json:"geo"`
		Coordinates          any             `json:"coordinates"`
		Place                any             `json:"place"`
		Contributors         any             `json:"contributors"`
		RetweetedStatus      *TwitterStatus  `json:"retweeted_status"`
		RetweetCount         int             `json:"retweet_count"`
		FavoriteCount        int             `json:"favorite_count"`
		Entities             TwitterEntities `json:"entities"`
		Favorited            bool            `json:"favorited"`
		Retweeted            bool            `json:"retweeted"`
		PossiblySensitive    bool            `json:"possibly_sensitive"`
		Lang                 string          `json:"lang"`
	}
	TwitterLanguage struct {
		ResultType      string `json:"result_type"`
		ISOLanguageCode string `json:"iso_language_code"`
	}
	TwitterUser struct {
		ID                             int64           `json:"id"`
		IDStr                          string          `json:"id_str"`
		Name                           string          `json:"name"`
		ScreenName                     string          `json:"screen_name"`
		Location                       string          `json:"location"`
		Description                    string          `json:"description"`
		URL                            any             `json:"url"`
		Entities                       TwitterEntities `json:"entities"`
		Protected                      bool            `json:"protected"`
		FollowersCount                 int             `json:"followers_count"`
		FriendsCount                   int             `json:"friends_count"`
		ListedCount                    int             `json:"listed_count"`
		CreatedAt                      string          `json:"created_at"`
		FavouritesCount                int             `json:"favourites_count"`
		UTCOffset                      int             `json:"utc_offset"`
		TimeZone                       string          `json:"time_zone"`
		GeoEnabled                     bool            `json:"geo_enabled"`
		Verified                       bool            `json:"verified"`
		StatusesCount                  int             `json:"statuses_count"`
		Lang                           string          `json:"lang"`
		ContributorsEnabled            bool            `json:"contributors_enabled"`
		IsTranslator                   bool            `json:"is_translator"`
		IsTranslationEnabled           bool            `json:"is_translation_enabled"`
		ProfileBackgroundColor         string          `json:"profile_background_color"`
		ProfileBackgroundImageURL      string          `json:"profile_background_image_url"`
		ProfileBackgroundImageURLHTTPS string          `json:"profile_background_image_url_https"`
		ProfileBackgroundTile          bool            `json:"profile_background_tile"`
		ProfileImageURL                string          `json:"profile_image_url"`
		ProfileImageURLHTTPS           string          `json:"profile_image_url_https"`
		ProfileBannerURL               string          `json:"profile_banner_url"`
		ProfileLinkColor               string          `json:"profile_link_color"`
		ProfileSidebarBorderColor      string          `json:"profile_sidebar_border_color"`
		ProfileSidebarFillColor        string          `json:"profile_sidebar_fill_color"`
		ProfileTextColor               string          `json:"profile_text_color"`
		ProfileUseBackgroundImage      bool            `json:"profile_use_background_image"`
		DefaultProfile                 bool            `json:"default_profile"`
		DefaultProfileImage            bool            `json:"default_profile_image"`
		Following                      bool            `json:"following"`
		FollowRequestSent              bool            `json:"follow_request_sent"`
		Notifications                  bool            `json:"notifications"`
	}
	TwitterEntities struct {
		Hashtags     []any            `json:"hashtags"`
		Symbols      []any            `json:"symbols"`
		URL          *TwitterURL      `json:"url"`
		URLs         []TwitterURL     `json:"urls"`
		UserMentions []TwitterMention `json:"user_mentions"`
		Description  TwitterLinks     `json:"description"`
		Media        []TwitterMedia   `json:"media"`
	}
	TwitterMention struct {
		ScreenName string `json:"screen_name"`
		Name       string `json:"name"`
		ID         int64  `json:"id"`
		IDStr      int64  `json:"id_str,string"`
		Indices    []int  `json:"indices"`
	}
	TwitterLinks struct {
		URLs []TwitterURL `json:"urls"`
	}
	TwitterURL struct {
		URL         string       `json:"url"`
		URLs        []TwitterURL `json:"urls"`
		ExpandedURL string       `json:"expanded_url"`
		DisplayURL  string       `json:"display_url"`
		Indices     []int        `json:"indices"`
	}
	TwitterMedia struct {
		ID                int64                  `json:"id"`
		IDStr             string                 `json:"id_str"`
		Indices           []int                  `json:"indices"`
		MediaURL          string                 `json:"media_url"`
		MediaURLHTTPS     string                 `json:"media_url_https"`
		URL               string                 `json:"url"`
		DisplayURL        string                 `json:"display_url"`
		ExpandedURL       string                 `json:"expanded_url"`
		Type              string                 `json:"type"`
		Sizes             map[string]TwitterSize `json:"sizes"`
		SourceStatusID    int64                  `json:"source_status_id"`
		SourceStatusIDStr int64                  `json:"source_status_id_str,string"`
	}
	TwitterSize struct {
		W      int    `json:"w"`
		H      int    `json:"h"`
		Resize string `json:"resize"`
	}
)

// Twitter generates a page of that many search results.
func Twitter(statuses int) Document {
	s := newSource(5)
	last := s.id(18)
	return document[TwitterSearch]("twitter", object{
		{"statuses", several(statuses, func(int) any { return twitterStatus(s, s.chance(40)) })},
		{"search_metadata", object{
			{"completed_in", 0.087},
			{"max_id", last},
			{"max_id_str", strconv.Itoa(last)},
			{"next_results", "?max_id=" + strconv.Itoa(last) + "&q=%E4%B8%80&count=100&include_entities=1"},
			{"query", "%E4%B8%80"},
			{"refresh_url", "?since_id=" + strconv.Itoa(last) + "&q=%E4%B8%80&include_entities=1"},
			{"count", statuses},
			{"since_id", 0},
			{"since_id_str", "0"},
		}},
	}, "  ")
}

// Tweets generates that many statuses, one on each line.
func Tweets(lines int) Document {
	s := newSource(10)
	return documentLines[TwitterStatus]("tweets", lines, func() any { return twitterStatus(s, s.chance(40)) })
}

func twitterStatus(s source, retweet bool) object {
	id := s.id(18)
	status := object{
		{"metadata", object{{"result_type", "recent"}, {"iso_language_code", "ja"}}},
		{"created_at", twitterTime(s)},
		{"id", id},
		{"id_str", strconv.Itoa(id)},
		{"text", twitterText(s, s.between(6, 20))},
		{"source", `<a href="http://twitter.com/download/iphone" rel="nofollow">Twitter for iPhone</a>`},
		{"truncated", false},
	}
	if s.chance(15) {
		to, user := s.id(18), s.id(9)
		status = append(status,
			member{"in_reply_to_status_id", to},
			member{"in_reply_to_status_id_str", strconv.Itoa(to)},
			member{"in_reply_to_user_id", user},
			member{"in_reply_to_user_id_str", strconv.Itoa(user)},
			member{"in_reply_to_screen_name", twitterHandle(s)})
	} else {
		for _, name := range []string{"status_id", "status_id_str", "user_id", "user_id_str", "screen_name"} {
			status = append(status, member{"in_reply_to_" + name, nil})
		}
	}
	status = append(status,
		member{"user", twitterUser(s)},
		member{"geo", nil},
		member{"coordinates", nil},
		member{"place", nil},
		member{"contributors", nil})
	if retweet {
		status = append(status, member{"retweeted_status", twitterStatus(s, false)})
	}
	return append(status,
		member{"retweet_count", s.IntN(1000)},
		member{"favorite_count", s.IntN(100)},
		member{"entities", twitterEntities(s)},
		member{"favorited", false},
		member{"retweeted", false},
		member{"possibly_sensitive", s.chance(5)},
		member{"lang", "ja"})
}

func twitterUser(s source) object {
	id := s.id(9)
	image := "profile_images/" + strconv.Itoa(s.id(18)) + "/" + s.hex(8) + "_normal.jpeg"
	var url any
	if s.chance(30) {
		url = "http://t.co/" + s.hex(10)
	}
	return object{
		{"id", id},
		{"id_str", strconv.Itoa(id)},
		{"name", twitterText(s, 1)},
		{"screen_name", twitterHandle(s)},
		{"location", pick(s, []string{"", "", "日本", "東京都", "São Paulo"})},
		{"description", twitterText(s, s.between(0, 12))},
		{"url", url},
		{"entities", object{{"description", object{{"urls", array{}}}}}},
		{"protected", false},
		{"followers_count", s.IntN(5000)},
		{"friends_count", s.IntN(2000)},
		{"listed_count", s.IntN(10)},
		{"created_at", twitterTime(s)},
		{"favourites_count", s.IntN(10000)},
		{"utc_offset", pick(s, []any{nil, 32400, -25200})},
		{"time_zone", pick(s, []any{nil, "Tokyo", "Pacific Time (US & Canada)"})},
		{"geo_enabled", s.chance(30)},
		{"verified", false},
		{"statuses_count", s.IntN(100000)},
		{"lang", "ja"},
		{"contributors_enabled", false},
		{"is_translator", false},
		{"is_translation_enabled", false},
		{"profile_background_color", s.hex(6)},
		{"profile_background_image_url", "http://abs.twimg.com/images/themes/theme1/bg.png"},
		{"profile_background_image_url_https", "https://abs.twimg.com/images/themes/theme1/bg.png"},
		{"profile_background_tile", s.chance(20)},
		{"profile_image_url", "http://pbs.twimg.com/" + image},
		{"profile_image_url_https", "https://pbs.twimg.com/" + image},
		{"profile_banner_url", "https://pbs.twimg.com/profile_banners/" + strconv.Itoa(id)},
		{"profile_link_color", s.hex(6)},
		{"profile_sidebar_border_color", s.hex(6)},
		{"profile_sidebar_fill_color", s.hex(6)},
		{"profile_text_color", s.hex(6)},
		{"profile_use_background_image", true},
		{"default_profile", s.chance(50)},
		{"default_profile_image", false},
		{"following", false},
		{"follow_request_sent", false},
		{"notifications", false},
	}
}

func twitterEntities(s source) object {
	entities := object{
		{"hashtags", several(s.IntN(2), func(int) any {
			return object{{"text", twitterText(s, 1)}, {"indices", array{s.IntN(70), s.between(70, 140)}}}
		})},
		{"symbols", array{}},
		{"urls", several(s.IntN(2), func(int) any {
			return object{
				{"url", "http://t.co/" + s.hex(10)},
				{"expanded_url", "http://example.com/" + s.hex(6)},
				{"display_url", "example.com/" + s.hex(6)},
				{"indices", array{s.IntN(70), s.between(70, 140)}},
			}
		})},
		{"user_mentions", several(s.IntN(3), func(int) any {
			id := s.id(9)
			return object{
				{"screen_name", twitterHandle(s)},
				{"name", twitterText(s, 1)},
				{"id", id},
				{"id_str", strconv.Itoa(id)},
				{"indices", array{s.IntN(70), s.between(70, 140)}},
			}
		})},
	}
	if s.chance(20) {
		entities = append(entities, member{"media", array{twitterMedia(s)}})
	}
	return entities
}

func twitterMedia(s source) object {
	id, page := s.id(18), "http://t.co/"+s.hex(10)
	size := func(w, h int, resize string) object { return object{{"w", w}, {"h", h}, {"resize", resize}} }
	return object{
		{"id", id},
		{"id_str", strconv.Itoa(id)},
		{"indices", array{s.IntN(70), s.between(70, 140)}},
		{"media_url", "http://pbs.twimg.com/media/" + s.hex(15) + ".jpg"},
		{"media_url_https", "https://pbs.twimg.com/media/" + s.hex(15) + ".jpg"},
		{"url", page},
		{"display_url", "pic.twitter.com/" + s.hex(10)},
		{"expanded_url", page},
		{"type", "photo"},
		{"sizes", object{
			{"medium", size(600, 399, "fit")},
			{"thumb", size(150, 150, "crop")},
			{"large", size(1024, 682, "fit")},
		}},
		{"source_status_id", id},
		{"source_status_id_str", strconv.Itoa(id)},
	}
}

func twitterTime(s source) string { return s.moment().UTC().Format(time.RubyDate) }

func twitterHandle(s source) string {
	return pick(s, []string{"ayuu", "tokyo_", "Gopher", "neko", "x_"}) + strconv.Itoa(s.IntN(10000))
}

func twitterText(s source, words int) string {
	return s.words([]string{
		"一言：", "最高の夏をありがとう", "名前:前田あゆみ\n", "おはよう", "RT @gopher0123:", "http://t.co/2b8ab9a1", "❤️", "😊", "✋✨",
		"photo", "“quoted”", "\"quoted\"", "C:\\temp", "a & b < c", "第一印象", "ダチ💖", "#golang", "Übung",
	}, words)
}

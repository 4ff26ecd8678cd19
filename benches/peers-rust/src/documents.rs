//! The documents as Rust types, one module each. They take every member that the documents have, as programs that know their
//! data do; `null`s without another type beside them are `Value`s.

/// A small document with a bit of everything.
pub mod order {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    pub const TEXT: &str = concat!(
        r#"{"id":"ord_9f86d081884c7d65","customer":{"id":4711223,"name":"Zoë Almeida","#,
        r#""email":"zoe.almeida@example.com","tags":["business","newsletter"]},"items":[{"#,
        r#""sku":"CHR-0042","name":"Walnut \"Ada\" chair","quantity":2,"price":189.5,"#,
        r#""options":{"color":"oak"}},{"sku":"LMP-1977","name":"Reading lamp","quantity":1,"#,
        r#""price":49.99,"options":{"color":"weiß"}}],"total":428.99,"currency":"EUR","paid":true,"#,
        r#""created":1700000000,"coupon":null,"notes":"Ring twice"}"#
    );

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Order {
        pub id: String,
        pub customer: Customer,
        pub items: Vec<Item>,
        pub total: f64,
        pub currency: String,
        pub paid: bool,
        pub created: i64,
        pub coupon: Option<String>,
        pub notes: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Customer {
        pub id: u64,
        pub name: String,
        pub email: String,
        pub tags: Vec<String>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Item {
        pub sku: String,
        pub name: String,
        pub quantity: u32,
        pub price: f64,
        pub options: BTreeMap<String, String>,
    }
}

/// A map: numbers and little else.
pub mod canada {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Canada {
        pub r#type: String,
        pub features: Vec<Feature>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Feature {
        pub r#type: String,
        pub properties: Properties,
        pub geometry: Geometry,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Properties {
        pub name: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Geometry {
        pub r#type: String,
        pub coordinates: Vec<Vec<[f64; 2]>>,
    }
}

/// Search results: text in several scripts, many members.
pub mod twitter {
    use serde::{Deserialize, Serialize};
    use serde_json::Value;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Twitter {
        pub statuses: Vec<Status>,
        pub search_metadata: SearchMetadata,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct SearchMetadata {
        pub completed_in: f64,
        pub max_id: u64,
        pub max_id_str: String,
        pub next_results: String,
        pub query: String,
        pub refresh_url: String,
        pub count: u64,
        pub since_id: u64,
        pub since_id_str: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Status {
        pub metadata: Metadata,
        pub created_at: String,
        pub id: u64,
        pub id_str: String,
        pub text: String,
        pub source: String,
        pub truncated: bool,
        pub in_reply_to_status_id: Option<u64>,
        pub in_reply_to_status_id_str: Option<String>,
        pub in_reply_to_user_id: Option<u64>,
        pub in_reply_to_user_id_str: Option<String>,
        pub in_reply_to_screen_name: Option<String>,
        pub user: User,
        pub geo: Value,
        pub coordinates: Value,
        pub place: Value,
        pub contributors: Value,
        pub retweet_count: u64,
        pub favorite_count: u64,
        pub entities: StatusEntities,
        pub favorited: bool,
        pub retweeted: bool,
        pub lang: String,
        pub retweeted_status: Option<Box<Status>>,
        pub possibly_sensitive: Option<bool>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct StatusEntities {
        pub hashtags: Vec<Hashtag>,
        pub symbols: Vec<Value>,
        pub urls: Vec<Url>,
        pub user_mentions: Vec<UserMention>,
        pub media: Option<Vec<Media>>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Media {
        pub id: u64,
        pub id_str: String,
        pub indices: Vec<u64>,
        pub media_url: String,
        pub media_url_https: String,
        pub url: String,
        pub display_url: String,
        pub expanded_url: String,
        pub r#type: String,
        pub sizes: Sizes,
        pub source_status_id: Option<u64>,
        pub source_status_id_str: Option<String>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Sizes {
        pub medium: Medium,
        pub small: Medium,
        pub thumb: Medium,
        pub large: Medium,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Medium {
        pub w: u64,
        pub h: u64,
        pub resize: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct UserMention {
        pub screen_name: String,
        pub name: String,
        pub id: u64,
        pub id_str: String,
        pub indices: Vec<u64>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Hashtag {
        pub text: String,
        pub indices: Vec<u64>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct User {
        pub id: u64,
        pub id_str: String,
        pub name: String,
        pub screen_name: String,
        pub location: String,
        pub description: String,
        pub url: Option<String>,
        pub entities: Entities,
        pub protected: bool,
        pub followers_count: u64,
        pub friends_count: u64,
        pub listed_count: u64,
        pub created_at: String,
        pub favourites_count: u64,
        pub utc_offset: Option<i64>,
        pub time_zone: Option<String>,
        pub geo_enabled: bool,
        pub verified: bool,
        pub statuses_count: u64,
        pub lang: String,
        pub contributors_enabled: bool,
        pub is_translator: bool,
        pub is_translation_enabled: bool,
        pub profile_background_color: String,
        pub profile_background_image_url: String,
        pub profile_background_image_url_https: String,
        pub profile_background_tile: bool,
        pub profile_image_url: String,
        pub profile_image_url_https: String,
        pub profile_banner_url: Option<String>,
        pub profile_link_color: String,
        pub profile_sidebar_border_color: String,
        pub profile_sidebar_fill_color: String,
        pub profile_text_color: String,
        pub profile_use_background_image: bool,
        pub default_profile: bool,
        pub default_profile_image: bool,
        pub following: bool,
        pub follow_request_sent: bool,
        pub notifications: bool,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Entities {
        pub description: Description,
        pub url: Option<Description>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Description {
        pub urls: Vec<Url>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Url {
        pub url: String,
        pub expanded_url: String,
        pub display_url: String,
        pub indices: Vec<u64>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Metadata {
        pub result_type: String,
        pub iso_language_code: String,
    }
}

/// A catalogue of events: indented, small integers, maps with integer keys.
pub mod citm {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};
    use serde_json::Value;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Citm {
        pub area_names: BTreeMap<u64, String>,
        pub audience_sub_category_names: BTreeMap<u64, String>,
        pub block_names: Names,
        pub events: BTreeMap<u64, Event>,
        pub performances: Vec<Performance>,
        pub seat_category_names: BTreeMap<u64, String>,
        pub sub_topic_names: BTreeMap<u64, String>,
        pub subject_names: Names,
        pub topic_names: BTreeMap<u64, String>,
        pub topic_sub_topics: BTreeMap<u64, Vec<u64>>,
        pub venue_names: VenueNames,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct VenueNames {
        #[serde(rename = "PLEYEL_PLEYEL")]
        pub pleyel_pleyel: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Performance {
        pub event_id: u64,
        pub id: u64,
        pub logo: Option<String>,
        pub name: Value,
        pub prices: Vec<Price>,
        pub seat_categories: Vec<SeatCategory>,
        pub seat_map_image: Value,
        pub start: u64,
        pub venue_code: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct SeatCategory {
        pub areas: Vec<Area>,
        pub seat_category_id: u64,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Area {
        pub area_id: u64,
        pub block_ids: Vec<Value>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Price {
        pub amount: u64,
        pub audience_sub_category_id: u64,
        pub seat_category_id: u64,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Event {
        pub description: Value,
        pub id: u64,
        pub logo: Option<String>,
        pub name: String,
        pub sub_topic_ids: Vec<u64>,
        pub subject_code: Value,
        pub subtitle: Value,
        pub topic_ids: Vec<u64>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Names {}
}

/// A tree of files: short objects without white space.
pub mod golang {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Golang {
        pub tree: Tree,
        pub username: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Tree {
        pub name: String,
        pub kids: Vec<Tree>,
        pub cl_weight: f64,
        pub touches: u64,
        pub min_t: u64,
        pub max_t: u64,
        pub mean_t: u64,
    }
}

/// Health records: indented, many optional members.
pub mod synthea {
    use serde::{Deserialize, Serialize};
    use serde_json::Value;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Synthea {
        pub resource_type: String,
        pub r#type: String,
        pub entry: Vec<Entry>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Entry {
        pub full_url: String,
        pub resource: Resource,
        pub request: Request,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Request {
        pub method: String,
        pub url: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Resource {
        pub resource_type: String,
        pub id: String,
        pub text: Option<Text>,
        pub extension: Option<Vec<ResourceExtension>>,
        pub identifier: Option<Vec<Identifier>>,
        pub name: Option<Value>,
        pub telecom: Option<Vec<Telecom>>,
        pub gender: Option<String>,
        pub birth_date: Option<String>,
        pub deceased_date_time: Option<String>,
        pub address: Option<Vec<Address>>,
        pub marital_status: Option<Type>,
        pub multiple_birth_boolean: Option<bool>,
        pub communication: Option<Vec<Communication>>,
        pub active: Option<bool>,
        pub r#type: Option<Value>,
        pub status: Option<String>,
        pub class: Option<Class>,
        pub subject: Option<Subject>,
        pub participant: Option<Vec<Participant>>,
        pub period: Option<Period>,
        pub service_provider: Option<Individual>,
        pub clinical_status: Option<ClinicalStatus>,
        pub verification_status: Option<ClinicalStatus>,
        pub code: Option<Type>,
        pub encounter: Option<Encounter>,
        pub onset_date_time: Option<String>,
        pub recorded_date: Option<String>,
        pub r#use: Option<String>,
        pub patient: Option<Subject>,
        pub billable_period: Option<BillablePeriod>,
        pub created: Option<String>,
        pub provider: Option<Subject>,
        pub priority: Option<ClinicalStatus>,
        pub diagnosis: Option<Vec<Diagnosis>>,
        pub insurance: Option<Vec<Insurance>>,
        pub item: Option<Vec<Item>>,
        pub total: Option<Value>,
        pub contained: Option<Vec<Contained>>,
        pub insurer: Option<Payor>,
        pub referral: Option<Encounter>,
        pub claim: Option<Encounter>,
        pub outcome: Option<String>,
        pub care_team: Option<Vec<CareTeam>>,
        pub payment: Option<Payment>,
        pub reason_code: Option<Vec<ReasonCode>>,
        pub managing_organization: Option<Vec<Individual>>,
        pub intent: Option<String>,
        pub category: Option<Vec<ReasonCode>>,
        pub addresses: Option<Vec<Encounter>>,
        pub activity: Option<Vec<Activity>>,
        pub medication_codeable_concept: Option<Type>,
        pub authored_on: Option<String>,
        pub requester: Option<Individual>,
        pub reason_reference: Option<Vec<Subject>>,
        pub prescription: Option<Encounter>,
        pub lifecycle_status: Option<String>,
        pub achievement_status: Option<ClinicalStatus>,
        pub description: Option<ContainedType>,
        pub goal: Option<Vec<Encounter>>,
        pub abatement_date_time: Option<String>,
        pub effective_date_time: Option<String>,
        pub issued: Option<String>,
        pub value_quantity: Option<ValueQuantity>,
        pub performed_period: Option<BillablePeriod>,
        pub dosage_instruction: Option<Vec<DosageInstruction>>,
        pub started: Option<String>,
        pub number_of_series: Option<u64>,
        pub number_of_instances: Option<u64>,
        pub series: Option<Vec<Series>>,
        pub procedure: Option<Vec<Procedure>>,
        pub vaccine_code: Option<Type>,
        pub occurrence_date_time: Option<String>,
        pub primary_source: Option<bool>,
        pub supporting_info: Option<Vec<SupportingInfo>>,
        pub component: Option<Vec<Component>>,
        pub value_codeable_concept: Option<Type>,
        pub result: Option<Vec<Individual>>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Component {
        pub code: Type,
        pub value_quantity: ValueQuantity,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct SupportingInfo {
        pub sequence: u64,
        pub category: ClinicalStatus,
        pub value_reference: Encounter,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Procedure {
        pub sequence: u64,
        pub procedure_reference: Encounter,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Series {
        pub uid: String,
        pub number: u64,
        pub modality: ValueCoding,
        pub number_of_instances: u64,
        pub body_site: ValueCoding,
        pub started: String,
        pub instance: Vec<Instance>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Instance {
        pub uid: String,
        pub sop_class: Class,
        pub number: u64,
        pub title: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct DosageInstruction {
        pub sequence: u64,
        pub timing: Option<Timing>,
        pub as_needed_boolean: bool,
        pub dose_and_rate: Option<Vec<DoseAndRate>>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct DoseAndRate {
        pub r#type: Category,
        pub dose_quantity: DoseQuantity,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct DoseQuantity {
        pub value: f64,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Timing {
        pub repeat: Repeat,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Repeat {
        pub frequency: u64,
        pub period: f64,
        pub period_unit: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct ValueQuantity {
        pub value: f64,
        pub unit: String,
        pub system: String,
        pub code: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Activity {
        pub detail: Detail,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Detail {
        pub code: Type,
        pub status: String,
        pub location: Payor,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct ReasonCode {
        pub coding: Vec<ValueCoding>,
        pub text: Option<String>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Payment {
        pub amount: Net,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct CareTeam {
        pub sequence: Option<u64>,
        pub provider: Option<Encounter>,
        pub role: Option<Category>,
        pub reference: Option<String>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Contained {
        pub resource_type: String,
        pub id: String,
        pub status: String,
        pub intent: Option<String>,
        pub subject: Option<Encounter>,
        pub requester: Option<Encounter>,
        pub performer: Option<Vec<Encounter>>,
        pub r#type: Option<ContainedType>,
        pub beneficiary: Option<Encounter>,
        pub payor: Option<Vec<Payor>>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Payor {
        pub display: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct ContainedType {
        pub text: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Item {
        pub sequence: u64,
        pub product_or_service: Type,
        pub encounter: Option<Vec<Encounter>>,
        pub diagnosis_sequence: Option<Vec<u64>>,
        pub category: Option<Category>,
        pub serviced_period: Option<BillablePeriod>,
        pub location_codeable_concept: Option<Category>,
        pub procedure_sequence: Option<Vec<u64>>,
        pub net: Option<Net>,
        pub adjudication: Option<Vec<Adjudication>>,
        pub information_sequence: Option<Vec<u64>>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Adjudication {
        pub category: Category,
        pub amount: Option<Net>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Net {
        pub value: f64,
        pub currency: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Category {
        pub coding: Vec<ValueCoding>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Insurance {
        pub sequence: Option<u64>,
        pub focal: bool,
        pub coverage: Coverage,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Coverage {
        pub display: String,
        pub reference: Option<String>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Diagnosis {
        pub sequence: u64,
        pub diagnosis_reference: Encounter,
        pub r#type: Option<Vec<ClinicalStatus>>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct BillablePeriod {
        pub start: String,
        pub end: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Encounter {
        pub reference: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct ClinicalStatus {
        pub coding: Vec<Class>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Period {
        pub start: String,
        pub end: Option<String>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Participant {
        pub individual: Option<Individual>,
        pub role: Option<Vec<Type>>,
        pub member: Option<Individual>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Individual {
        pub reference: String,
        pub display: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Subject {
        pub reference: String,
        pub display: Option<String>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Class {
        pub system: String,
        pub code: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Communication {
        pub language: Type,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Address {
        pub extension: Option<Vec<AddressExtension>>,
        pub line: Vec<String>,
        pub city: String,
        pub state: String,
        pub postal_code: String,
        pub country: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct AddressExtension {
        pub url: String,
        pub extension: Vec<ExtensionExtension>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct ExtensionExtension {
        pub url: String,
        pub value_decimal: f64,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Telecom {
        pub system: String,
        pub value: String,
        pub r#use: Option<String>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Identifier {
        pub system: String,
        pub value: String,
        pub r#type: Option<Type>,
        pub r#use: Option<String>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Type {
        pub coding: Vec<ValueCoding>,
        pub text: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct ResourceExtension {
        pub url: String,
        pub extension: Option<Vec<Extension>>,
        pub value_string: Option<String>,
        pub value_code: Option<String>,
        pub value_address: Option<ValueAddress>,
        pub value_decimal: Option<f64>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct ValueAddress {
        pub city: String,
        pub state: String,
        pub country: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Extension {
        pub url: String,
        pub value_coding: Option<ValueCoding>,
        pub value_string: Option<String>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct ValueCoding {
        pub system: String,
        pub code: String,
        pub display: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Text {
        pub status: String,
        pub div: String,
    }
}

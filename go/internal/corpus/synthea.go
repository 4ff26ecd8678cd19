package corpus

import (
	"encoding/json"
	"strconv"
	"time"
)

// The type of a patient's records in the form of HL7 FHIR: one wide struct for resources of many kinds, so that most members
// of each are absent, with members whose type depends on the kind kept raw.
type (
	SyntheaBundle struct {
		Entry        []SyntheaEntry `json:"entry"`
		ResourceType string         `json:"resourceType"`
		Type         string         `json:"type"`
	}
	SyntheaEntry struct {
		FullURL  string           `json:"fullUrl"`
		Request  *SyntheaRequest  `json:"request"`
		Resource *SyntheaResource `json:"resource"`
	}
	SyntheaRequest struct {
		Method string `json:"method"`
		URL    string `json:"url"`
	}
	SyntheaResource struct {
		AbatementDateTime         time.Time               `json:"abatementDateTime"`
		AchievementStatus         SyntheaConcept          `json:"achievementStatus"`
		Active                    bool                    `json:"active"`
		Activity                  []SyntheaActivity       `json:"activity"`
		Address                   []SyntheaAddress        `json:"address"`
		Addresses                 []SyntheaReference      `json:"addresses"`
		AuthoredOn                time.Time               `json:"authoredOn"`
		BillablePeriod            SyntheaPeriod           `json:"billablePeriod"`
		BirthDate                 string                  `json:"birthDate"`
		CareTeam                  []SyntheaCarer          `json:"careTeam"`
		Category                  []SyntheaConcept        `json:"category"`
		Claim                     SyntheaReference        `json:"claim"`
		Class                     SyntheaCoding           `json:"class"`
		ClinicalStatus            SyntheaConcept          `json:"clinicalStatus"`
		Code                      SyntheaConcept          `json:"code"`
		Communication             []SyntheaCommunication  `json:"communication"`
		Component                 []SyntheaComponent      `json:"component"`
		Contained                 []SyntheaContained      `json:"contained"`
		Created                   time.Time               `json:"created"`
		DeceasedDateTime          time.Time               `json:"deceasedDateTime"`
		Description               SyntheaConcept          `json:"description"`
		Diagnosis                 []SyntheaDiagnosis      `json:"diagnosis"`
		DosageInstruction         []SyntheaDosage         `json:"dosageInstruction"`
		EffectiveDateTime         time.Time               `json:"effectiveDateTime"`
		Encounter                 SyntheaReference        `json:"encounter"`
		Extension                 []SyntheaExtension      `json:"extension"`
		Gender                    string                  `json:"gender"`
		Goal                      []SyntheaReference      `json:"goal"`
		ID                        string                  `json:"id"`
		Identifier                []SyntheaIdentifier     `json:"identifier"`
		Insurance                 []SyntheaInsurance      `json:"insurance"`
		Insurer                   SyntheaReference        `json:"insurer"`
		Intent                    string                  `json:"intent"`
		Issued                    time.Time               `json:"issued"`
		Item                      []SyntheaItem           `json:"item"`
		LifecycleStatus           string                  `json:"lifecycleStatus"`
		ManagingOrganization      []SyntheaReference      `json:"managingOrganization"`
		MaritalStatus             SyntheaConcept          `json:"maritalStatus"`
		MedicationCodeableConcept SyntheaConcept          `json:"medicationCodeableConcept"`
		MultipleBirthBoolean      bool                    `json:"multipleBirthBoolean"`
		Name                      json.RawMessage         `json:"name"`
		NumberOfInstances         int64                   `json:"numberOfInstances"`
		NumberOfSeries            int64                   `json:"numberOfSeries"`
		OccurrenceDateTime        time.Time               `json:"occurrenceDateTime"`
		OnsetDateTime             time.Time               `json:"onsetDateTime"`
		Outcome                   string                  `json:"outcome"`
		Participant               []SyntheaParticipant    `json:"participant"`
		Patient                   SyntheaReference        `json:"patient"`
		Payment                   *SyntheaPayment         `json:"payment"`
		PerformedPeriod           SyntheaPeriod           `json:"performedPeriod"`
		Period                    SyntheaPeriod           `json:"period"`
		Prescription              SyntheaReference        `json:"prescription"`
		PrimarySource             bool                    `json:"primarySource"`
		Priority                  SyntheaConcept          `json:"priority"`
		Procedure                 []SyntheaProcedure      `json:"procedure"`
		Provider                  SyntheaReference        `json:"provider"`
		ReasonCode                []SyntheaConcept        `json:"reasonCode"`
		ReasonReference           []SyntheaReference      `json:"reasonReference"`
		RecordedDate              time.Time               `json:"recordedDate"`
		Referral                  SyntheaReference        `json:"referral"`
		Requester                 SyntheaReference        `json:"requester"`
		ResourceType              string                  `json:"resourceType"`
		Result                    []SyntheaReference      `json:"result"`
		Series                    []SyntheaSeries         `json:"series"`
		ServiceProvider           SyntheaReference        `json:"serviceProvider"`
		Started                   time.Time               `json:"started"`
		Status                    string                  `json:"status"`
		Subject                   SyntheaReference        `json:"subject"`
		SupportingInfo            []SyntheaSupportingInfo `json:"supportingInfo"`
		Telecom                   []map[string]string     `json:"telecom"`
		Text                      map[string]string       `json:"text"`
		Total                     json.RawMessage         `json:"total"`
		Type                      json.RawMessage         `json:"type"`
		Use                       string                  `json:"use"`
		VaccineCode               SyntheaConcept          `json:"vaccineCode"`
		ValueCodeableConcept      SyntheaConcept          `json:"valueCodeableConcept"`
		ValueQuantity             SyntheaCoding           `json:"valueQuantity"`
		VerificationStatus        SyntheaConcept          `json:"verificationStatus"`
	}
)

// The types of which the members of a resource are made.
type (
	SyntheaConcept struct {
		Coding []SyntheaCoding `json:"coding"`
		Text   string          `json:"text"`
	}
	SyntheaCoding struct {
		Code    string  `json:"code"`
		Display string  `json:"display"`
		System  string  `json:"system"`
		Unit    string  `json:"unit"`
		Value   float64 `json:"value"`
	}
	SyntheaReference struct {
		Display   string `json:"display"`
		Reference string `json:"reference"`
	}
	SyntheaAddress struct {
		City       string             `json:"city"`
		Country    string             `json:"country"`
		Extension  []SyntheaExtension `json:"extension"`
		Line       []string           `json:"line"`
		PostalCode string             `json:"postalCode"`
		State      string             `json:"state"`
	}
	SyntheaExtension struct {
		URL          string             `json:"url"`
		ValueAddress SyntheaAddress     `json:"valueAddress"`
		ValueCode    string             `json:"valueCode"`
		ValueDecimal float64            `json:"valueDecimal"`
		ValueString  string             `json:"valueString"`
		Extension    []SyntheaExtension `json:"extension"`
	}
	SyntheaPeriod struct {
		End   time.Time `json:"end"`
		Start time.Time `json:"start"`
	}
	SyntheaMoney struct {
		Currency string  `json:"currency"`
		Value    float64 `json:"value"`
	}
	SyntheaActivity struct {
		Detail *SyntheaActivityDetail `json:"detail"`
	}
	SyntheaActivityDetail struct {
		Code     SyntheaConcept   `json:"code"`
		Location SyntheaReference `json:"location"`
		Status   string           `json:"status"`
	}
	SyntheaCarer struct {
		Provider  SyntheaReference `json:"provider"`
		Reference string           `json:"reference"`
		Role      SyntheaConcept   `json:"role"`
		Sequence  int64            `json:"sequence"`
	}
	SyntheaCommunication struct {
		Language SyntheaConcept `json:"language"`
	}
	SyntheaComponent struct {
		Code          SyntheaConcept `json:"code"`
		ValueQuantity SyntheaCoding  `json:"valueQuantity"`
	}
	SyntheaContained struct {
		Beneficiary  SyntheaReference   `json:"beneficiary"`
		ID           string             `json:"id"`
		Intent       string             `json:"intent"`
		Payor        []SyntheaReference `json:"payor"`
		Performer    []SyntheaReference `json:"performer"`
		Requester    SyntheaReference   `json:"requester"`
		ResourceType string             `json:"resourceType"`
		Status       string             `json:"status"`
		Subject      SyntheaReference   `json:"subject"`
		Type         SyntheaConcept     `json:"type"`
	}
	SyntheaDiagnosis struct {
		DiagnosisReference SyntheaReference `json:"diagnosisReference"`
		Sequence           int64            `json:"sequence"`
		Type               []SyntheaConcept `json:"type"`
	}
	SyntheaDosage struct {
		AsNeededBoolean bool          `json:"asNeededBoolean"`
		DoseAndRate     []SyntheaDose `json:"doseAndRate"`
		Sequence        int64         `json:"sequence"`
		Timing          *SyntheaTimes `json:"timing"`
	}
	SyntheaDose struct {
		DoseQuantity *SyntheaQuantity `json:"doseQuantity"`
		Type         SyntheaConcept   `json:"type"`
	}
	SyntheaQuantity struct {
		Value float64 `json:"value"`
	}
	SyntheaTimes struct {
		Repeat *SyntheaRepeat `json:"repeat"`
	}
	SyntheaRepeat struct {
		Frequency  int64   `json:"frequency"`
		Period     float64 `json:"period"`
		PeriodUnit string  `json:"periodUnit"`
	}
	SyntheaIdentifier struct {
		System string         `json:"system"`
		Type   SyntheaConcept `json:"type"`
		Use    string         `json:"use"`
		Value  string         `json:"value"`
	}
	SyntheaInsurance struct {
		Coverage SyntheaReference `json:"coverage"`
		Focal    bool             `json:"focal"`
		Sequence int64            `json:"sequence"`
	}
	SyntheaItem struct {
		Adjudication            []SyntheaAdjudication `json:"adjudication"`
		Category                SyntheaConcept        `json:"category"`
		DiagnosisSequence       []int64               `json:"diagnosisSequence"`
		Encounter               []SyntheaReference    `json:"encounter"`
		InformationSequence     []int64               `json:"informationSequence"`
		LocationCodeableConcept SyntheaConcept        `json:"locationCodeableConcept"`
		Net                     SyntheaMoney          `json:"net"`
		ProcedureSequence       []int64               `json:"procedureSequence"`
		ProductOrService        SyntheaConcept        `json:"productOrService"`
		Sequence                int64                 `json:"sequence"`
		ServicedPeriod          SyntheaPeriod         `json:"servicedPeriod"`
	}
	SyntheaAdjudication struct {
		Amount   SyntheaMoney   `json:"amount"`
		Category SyntheaConcept `json:"category"`
	}
	SyntheaParticipant struct {
		Individual SyntheaReference `json:"individual"`
		Member     SyntheaReference `json:"member"`
		Role       []SyntheaConcept `json:"role"`
	}
	SyntheaPayment struct {
		Amount SyntheaMoney `json:"amount"`
	}
	SyntheaProcedure struct {
		ProcedureReference SyntheaReference `json:"procedureReference"`
		Sequence           int64            `json:"sequence"`
	}
	SyntheaSeries struct {
		BodySite          SyntheaCoding     `json:"bodySite"`
		Instance          []SyntheaInstance `json:"instance"`
		Modality          SyntheaCoding     `json:"modality"`
		Number            int64             `json:"number"`
		NumberOfInstances int64             `json:"numberOfInstances"`
		Started           string            `json:"started"`
		UID               string            `json:"uid"`
	}
	SyntheaInstance struct {
		Number   int64         `json:"number"`
		SopClass SyntheaCoding `json:"sopClass"`
		Title    string        `json:"title"`
		UID      string        `json:"uid"`
	}
	SyntheaSupportingInfo struct {
		Category       SyntheaConcept   `json:"category"`
		Sequence       int64            `json:"sequence"`
		ValueReference SyntheaReference `json:"valueReference"`
	}
)

// Synthea generates the records of a patient: that many resources.
func Synthea(resources int) Document {
	s := newSource(6)
	patient := object{{"reference", "urn:uuid:" + s.uuid()}, {"display", "Mrs. Henrietta324 Pouros728"}}
	// Half of what is recorded of a patient is observations.
	kinds := []func(s source, patient object) object{
		syntheaObservation, syntheaObservation, syntheaObservation, syntheaObservation,
		syntheaEncounter, syntheaClaim, syntheaMedication, syntheaPlan,
	}
	return document[SyntheaBundle]("synthea", object{
		{"resourceType", "Bundle"},
		{"type", "transaction"},
		{"entry", several(resources, func(i int) any {
			resource := syntheaPatient(s)
			if i > 0 {
				resource = pick(s, kinds)(s, patient)
			}
			return object{
				{"fullUrl", "urn:uuid:" + s.uuid()},
				{"resource", resource},
				{"request", object{{"method", "POST"}, {"url", resource[0].value}}},
			}
		})},
	}, "  ")
}

func syntheaPatient(s source) object {
	race := func(code, display string) object {
		return object{
			{"url", "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"},
			{"extension", array{
				object{{"url", "ombCategory"}, {"valueCoding", syntheaCoding("urn:oid:2.16.840.1.113883.6.238", code, display)}},
				object{{"url", "text"}, {"valueString", display}},
			}},
		}
	}
	return object{
		{"resourceType", "Patient"},
		{"id", s.uuid()},
		{"text", object{
			{"status", "generated"},
			{"div", "<div xmlns=\"http://www.w3.org/1999/xhtml\">Generated.\n .   Seed: " + strconv.Itoa(s.id(18)) + "</div>"},
		}},
		{"extension", array{race("2106-3", "White"), race("2186-5", "Not Hispanic or Latino")}},
		{"identifier", several(3, func(int) any {
			return object{
				{"type", syntheaConcept("http://terminology.hl7.org/CodeSystem/v2-0203", "MR", "Medical Record Number")},
				{"system", "http://hospital.smarthealthit.org"},
				{"value", s.uuid()},
			}
		})},
		{"name", array{object{{"use", "official"}, {"family", "Pouros728"}, {"given", array{"Henrietta324"}}, {"prefix", array{"Mrs."}}}}},
		{"telecom", array{object{{"system", "phone"}, {"value", "555-410-8137"}, {"use", "home"}}}},
		{"gender", "female"},
		{"birthDate", "1938-05-02"},
		{"address", array{object{
			{"extension", array{object{
				{"url", "http://hl7.org/fhir/StructureDefinition/geolocation"},
				{"extension", array{
					object{{"url", "latitude"}, {"valueDecimal", 41 + s.Float64()}},
					object{{"url", "longitude"}, {"valueDecimal", -70 - s.Float64()}},
				}},
			}}},
			{"line", array{"1063 Cronin Row"}},
			{"city", "Brewer"},
			{"state", "Massachusetts"},
			{"country", "US"},
		}}},
		{"maritalStatus", syntheaConcept("http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "M", "M")},
		{"multipleBirthBoolean", false},
	}
}

func syntheaObservation(s source, patient object) object {
	resource := syntheaResource(s, "Observation", "final")
	moment := s.moment()
	name := pick(s, []string{"Body Height", "Body Mass Index", "Hemoglobin A1c/Hemoglobin.total in Blood", "Pain severity - 0-10"})
	resource = append(resource,
		member{"category", array{syntheaConcept("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs", "vital-signs")}},
		member{"code", syntheaConcept("http://loinc.org", strconv.Itoa(s.id(5))+"-8", name)},
		member{"subject", patient},
		member{"encounter", syntheaReference(s)},
		member{"effectiveDateTime", moment.Format(time.RFC3339)},
		member{"issued", moment.Format("2006-01-02T15:04:05.000Z07:00")})
	quantity := func() object {
		return object{
			{"value", s.Float64() * 200},
			{"unit", pick(s, []string{"cm", "kg", "mm[Hg]", "{score}"})},
			{"system", "http://unitsofmeasure.org"},
		}
	}
	if s.chance(80) {
		return append(resource, member{"valueQuantity", quantity()})
	}
	return append(resource, member{"component", several(2, func(int) any {
		return object{{"code", syntheaConcept("http://loinc.org", "8462-4", "Blood Pressure")}, {"valueQuantity", quantity()}}
	})})
}

func syntheaEncounter(s source, patient object) object {
	return append(syntheaResource(s, "Encounter", "finished"),
		member{"class", object{{"system", "http://terminology.hl7.org/CodeSystem/v3-ActCode"}, {"code", "AMB"}}},
		member{"type", array{syntheaConcept("http://snomed.info/sct", "162673000", "General examination of patient (procedure)")}},
		member{"subject", patient},
		member{"participant", array{object{{"individual", syntheaReference(s)}}}},
		member{"period", syntheaPeriod(s)},
		member{"serviceProvider", syntheaReference(s)})
}

func syntheaClaim(s source, patient object) object {
	amount := s.cents(2000)
	total := object{{"value", amount}, {"currency", "USD"}}
	return append(syntheaResource(s, "Claim", "active"),
		member{"type", syntheaConcept("http://terminology.hl7.org/CodeSystem/claim-type", "institutional", "")},
		member{"use", "claim"},
		member{"patient", patient},
		member{"billablePeriod", syntheaPeriod(s)},
		member{"created", s.moment().Format(time.RFC3339)},
		member{"provider", syntheaReference(s)},
		member{"insurance", array{object{{"sequence", 1}, {"focal", true}, {"coverage", object{{"display", "Medicaid"}}}}}},
		member{"item", several(s.between(1, 3), func(i int) any {
			return object{
				{"sequence", i + 1},
				{"diagnosisSequence", array{1}},
				{"productOrService", syntheaConcept("http://snomed.info/sct", strconv.Itoa(s.id(8)), "Encounter for problem")},
				{"adjudication", several(s.IntN(3), func(int) any {
					return object{
						{"category", syntheaConcept("https://bluebutton.cms.gov/resources/codesystem/adjudication", "paid", "Payment Amount")},
						{"amount", total},
					}
				})},
				{"net", total},
			}
		})},
		member{"total", pick(s, []any{total, array{object{{"amount", total}}}})})
}

func syntheaMedication(s source, patient object) object {
	return append(syntheaResource(s, "MedicationRequest", "active"),
		member{"intent", "order"},
		member{"medicationCodeableConcept", syntheaConcept("http://www.nlm.nih.gov/research/umls/rxnorm", strconv.Itoa(s.id(6)),
			"60 ACTUAT Fluticasone propionate 0.25 MG/ACTUAT / salmeterol 0.05 MG/ACTUAT Dry Powder Inhaler")},
		member{"subject", patient},
		member{"authoredOn", s.moment().Format(time.RFC3339)},
		member{"requester", syntheaReference(s)},
		member{"dosageInstruction", array{object{
			{"sequence", 1},
			{"timing", object{{"repeat", object{{"frequency", 2}, {"period", 1.0}, {"periodUnit", "d"}}}}},
			{"asNeededBoolean", s.chance(50)},
			{"doseAndRate", array{object{{"doseQuantity", object{{"value", 1.0}}}}}},
		}}})
}

func syntheaPlan(s source, patient object) object {
	return append(syntheaResource(s, "CarePlan", "active"),
		member{"text", object{
			{"status", "generated"},
			{"div", "<div xmlns=\"http://www.w3.org/1999/xhtml\">Care Plan.<br/>Activities: <ul><li>Stress management & rest</li></ul></div>"},
		}},
		member{"intent", "order"},
		member{"category", array{syntheaConcept("http://snomed.info/sct", strconv.Itoa(s.id(9)), "Self-care interventions")}},
		member{"subject", patient},
		member{"period", syntheaPeriod(s)},
		member{"careTeam", array{syntheaReference(s)}},
		member{"activity", several(s.between(1, 3), func(int) any {
			return object{{"detail", object{
				{"code", syntheaConcept("http://snomed.info/sct", strconv.Itoa(s.id(9)), "Recommendation to avoid exercise")},
				{"status", "in-progress"},
				{"location", object{{"display", "PCP" + strconv.Itoa(s.id(4))}}},
			}}}
		})})
}

func syntheaResource(s source, kind, status string) object {
	return object{{"resourceType", kind}, {"id", s.uuid()}, {"status", status}}
}

func syntheaConcept(system, code, display string) object {
	return object{{"coding", array{syntheaCoding(system, code, display)}}, {"text", display}}
}

func syntheaCoding(system, code, display string) object {
	return object{{"system", system}, {"code", code}, {"display", display}}
}

func syntheaReference(s source) object {
	return object{{"reference", "urn:uuid:" + s.uuid()}}
}

func syntheaPeriod(s source) object {
	start := s.moment()
	return object{{"start", start.Format(time.RFC3339)}, {"end", start.Add(30 * time.Minute).Format(time.RFC3339)}}
}

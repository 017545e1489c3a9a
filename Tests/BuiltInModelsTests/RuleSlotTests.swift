import MnemeCore
import Testing

@testable import BuiltInModels

/// A message, and the slots that it fills.
struct SlotCase: Sendable, CustomTestStringConvertible {
  var content: String
  var slots: [String]
  var testDescription: String { content }

  init(_ content: String, _ slots: String...) {
    self.content = content
    self.slots = slots
  }
}

@Suite("Slots that the rules fill")
struct RuleSlotTests {
  static let person: [SlotCase] = [
    SlotCase("My name is Alex.", "user name=Alex"),
    SlotCase("my name is alex", "user name=alex"),
    SlotCase("I'm Ottilie, nice to meet you.", "user name=Ottilie"),
    SlotCase("Call me Sam.", "user nickname=Sam"),
    SlotCase("I'm 34 years old.", "user age=34"),
    SlotCase("I just turned 40.", "user age=40"),
    SlotCase("My birthday is on 3 May.", "user birthday=3 May"),
    SlotCase("I am Norwegian.", "user nationality=Norwegian"),
    SlotCase("I speak Dutch and Greek.", "user language=Dutch", "user language=Greek"),
    SlotCase("I'm fluent in Welsh and Finnish.", "user language=Welsh", "user language=Finnish"),
    SlotCase("My email is sam.oak@example.org.", "user email=sam.oak@example.org"),
    SlotCase("My phone number is +44 20 7946 0018.", "user phone=+44 20 7946 0018"),
    SlotCase("My pronouns are they/them.", "user pronouns=they/them"),
  ]

  static let home: [SlotCase] = [
    SlotCase("I live in Lisbon.", "user home=Lisbon"),
    SlotCase("I’m based in São Paulo these days.", "user home=São Paulo"),
    SlotCase("i live in ohio", "user home=ohio"),
    SlotCase("We moved to Rio de Janeiro last month.", "user home=Rio de Janeiro"),
    SlotCase("I used to live in Turin.", "was user home=Turin"),
    SlotCase("I lived in Kraków as a child.", "was user home=Kraków"),
    SlotCase("I've lived in Oslo for six years.", "user home=Oslo"),
    SlotCase("I no longer live in Nantes.", "not user home=Nantes"),
    SlotCase("I grew up in Tromsø.", "user hometown=Tromsø"),
    SlotCase("I'm originally from Naples.", "user hometown=Naples"),
    SlotCase("I live in Porto, not Lisbon.", "user home=Porto"),
    SlotCase("Moved to Malmö in January!", "user home=Malmö"),
  ]

  static let work: [SlotCase] = [
    SlotCase("I'm a nurse.", "user job=nurse"),
    SlotCase("I work as a tree surgeon.", "user job=tree surgeon"),
    SlotCase("I'm a glass blower by trade.", "user job=glass blower"),
    SlotCase("I'm a civil engineer working in Leeds.", "user job=civil engineer"),
    SlotCase("I became a teacher last year.", "user job=teacher"),
    SlotCase("I used to be a baker.", "was user job=baker"),
    SlotCase("I'm no longer a waiter.", "not user job=waiter"),
    SlotCase("I work at Cedar Robotics.", "user employer=Cedar Robotics"),
    SlotCase("I no longer work at Cedar Robotics.", "not user employer=Cedar Robotics"),
    SlotCase(
      "I left Birch Bank in May and started at Elm & Sons.", "not user employer=Birch Bank",
      "user employer=Elm & Sons"),
    SlotCase("I joined Alder Press two weeks ago.", "user employer=Alder Press"),
    SlotCase("I got fired from Willow Foods.", "not user employer=Willow Foods"),
    SlotCase("I'm majoring in marine biology.", "user studies=marine biology"),
    SlotCase("I collect model trains."),
    SlotCase("I'm a huge fan of the doctor.", "user likes=doctor"),
  ]

  static let people: [SlotCase] = [
    SlotCase("I have a sister called Ilse.", "user relative=Ilse"),
    SlotCase("I have a son named Otto.", "user child=Otto"),
    SlotCase("My sister Anna lives in Rome.", "Anna home=Rome"),
    SlotCase("My mom's name is Ruth.", "mom name=Ruth"),
    SlotCase("My brother works at Hazel Motors.", "brother employer=Hazel Motors"),
    SlotCase("My best friend Tomek moved to Ghent. He is a plumber.", "Tomek home=Ghent", "Tomek job=plumber"),
    SlotCase("Ingrid works at Rowan Labs.", "Ingrid employer=Rowan Labs"),
    SlotCase("We broke up.", "not user partner="),
    SlotCase("I got married last summer.", "user relationship_status=married"),
    SlotCase("I'm single.", "user relationship_status=single"),
    SlotCase("I have a dog called Rex.", "user pet=Rex"),
    SlotCase("We adopted a kitten named Plum.", "user pet=Plum"),
    SlotCase("My dog's name is Bodo.", "user pet=Bodo"),
    SlotCase("Bodo, my dog, passed away.", "not user pet=Bodo"),
    SlotCase("My rabbit Klops died.", "not user pet=Klops"),
  ]

  static let health: [SlotCase] = [
    SlotCase("I'm allergic to peanuts.", "user allergy=peanuts"),
    SlotCase("I'm allergic to kiwi, latex and wasps.", "user allergy=kiwi", "user allergy=latex", "user allergy=wasps"),
    SlotCase("I'm not allergic to kiwi after all.", "not user allergy=kiwi"),
    SlotCase("I have a severe peanut allergy.", "user allergy=peanut"),
    SlotCase("I was diagnosed with asthma.", "user condition=asthma"),
    SlotCase("I take beta blockers for migraines.", "user medication=beta blockers"),
    SlotCase("I'm vegan.", "user diet=vegan"),
    SlotCase("I went vegetarian in June.", "user diet=vegetarian"),
    SlotCase("I've stopped being keto.", "not user diet=keto"),
    SlotCase("I quit smoking.", "not user habit=smoking"),
  ]

  static let things: [SlotCase] = [
    SlotCase("I drive a green Honda Jazz.", "user vehicle=green Honda Jazz"),
    SlotCase("I traded in my Fiat Uno for a blue Kia Rio.", "user vehicle=blue Kia Rio"),
    SlotCase("I sold my Volvo.", "not user vehicle=Volvo"),
    SlotCase("I bought a new laptop yesterday.", "user device=laptop"),
  ]

  static let tastes: [SlotCase] = [
    SlotCase("I love marzipan.", "user likes=marzipan"),
    SlotCase("I really like jazz and old maps.", "user likes=jazz", "user likes=old maps"),
    SlotCase("I hate cilantro.", "user dislikes=cilantro"),
    SlotCase("I don't like olives.", "user dislikes=olives"),
    SlotCase("I don't like olives anymore.", "not user likes=olives"),
    SlotCase("I can't stand karaoke.", "user dislikes=karaoke"),
    SlotCase("My favorite color is teal.", "user favorite_color=teal"),
    SlotCase("My favourite film is \"The Third Man\".", "user favorite_movie=The Third Man"),
    SlotCase("My favourite is Georgian food.", "user favorite_food=Georgian food"),
    SlotCase("Tofu is my favourite food.", "user favorite_food=Tofu"),
    SlotCase("I do fencing every Tuesday.", "user hobby=fencing"),
    SlotCase("I love hiking.", "user hobby=hiking"),
    SlotCase("I gave up pottery for good.", "not user hobby=pottery"),
    SlotCase("I took up beekeeping.", "user hobby=beekeeping"),
    SlotCase("I play the cello.", "user skill=cello"),
    SlotCase("I prefer short answers.", "user reply_style=short answers"),
    SlotCase("Please answer briefly.", "user reply_style=briefly"),
    SlotCase("I love it."),
    SlotCase("I love your idea."),
  ]

  static let plans: [SlotCase] = [
    SlotCase("I'm planning to walk the Camino.", "user plan=walk the Camino"),
    SlotCase("I'm going to repaint the kitchen.", "user plan=repaint the kitchen"),
    SlotCase("I want to learn Korean.", "user goal=learn Korean"),
    SlotCase("I would like to visit Patagonia.", "user goal=visit Patagonia"),
    SlotCase("I want to know more."),
    SlotCase("I might live in Rome."),
    SlotCase("I will work at Cedar Robotics."),
  ]

  static let combined: [SlotCase] = [
    SlotCase(
      "I'm Alex, I live in Lisbon and I'm allergic to peanuts", "user name=Alex", "user home=Lisbon",
      "user allergy=peanuts"),
    SlotCase(
      "My name is Wanda, I work at Fir Lodge and I have a cat called Mops.", "user name=Wanda",
      "user employer=Fir Lodge", "user pet=Mops"),
    SlotCase("I stopped being vegan. I'm pescatarian now.", "not user diet=vegan", "user diet=pescatarian"),
    SlotCase("What can I cook, since I'm vegan?", "user diet=vegan"),
    SlotCase("Did you know I moved to Porto last week?", "user home=Porto"),
    SlotCase("Do I live in Berlin?"),
    SlotCase("I live in Lisbon. Actually, it's Porto, not Lisbon.", "user home=Lisbon", "user home=Porto"),
    SlotCase("Actually it's Porto, not Lisbon."),
    SlotCase("Please remember that I'm vegan and I hate capers.", "user diet=vegan", "user dislikes=capers"),
    SlotCase("I'm a baker at Rye House.", "user job=baker", "user employer=Rye House"),
    SlotCase("I work as a tailor for Loom Street.", "user job=tailor", "user employer=Loom Street"),
    SlotCase("I switched from Zotero to Obsidian.", "user tool=Obsidian", "not user tool=Zotero"),
    SlotCase("Name: Ottilie\nAge: 41\nCity: Graz", "user name=Ottilie", "user age=41", "user home=Graz"),
    SlotCase("Allergies: peanuts, soy", "user allergy=peanuts", "user allergy=soy"),
    SlotCase("From now on, answer in German.", "user reply_style=in German"),
    SlotCase("I have two goats.", "user pet=goats"),
    SlotCase("I cannot have a horse."),
    SlotCase("I'm Catholic."),
    SlotCase("I'm no Mozart."),
    SlotCase("I have dog treats."),
    SlotCase("I bought an old car."),
  ]

  @Test(
    "a message fills its slots",
    arguments: person + home + work + people + health + things + tastes + plans + combined)
  func fillsSlots(_ row: SlotCase) {
    #expect(slots(row.content) == row.slots)
  }

  @Test("a named speaker is the subject of what the speaker says")
  func namedSpeaker() {
    #expect(slots("I live in Bergen.", name: "Ines") == ["Ines home=Bergen"])
    #expect(facts("Ines: I live in Bergen.").map(\.subject) == ["Ines"])
    #expect(facts("I live in Bergen.", role: "assistant", name: "Ines").map(\.text) == ["Ines lives in Bergen"])
  }

  @Test("a slot that says all is stored in the third person, and nothing beside it")
  func shortTexts() {
    let content = "I'm Alex, I live in Lisbon and I'm allergic to peanuts"
    #expect(facts(content).map(\.text) == ["Name is Alex", "Lives in Lisbon", "Allergic to peanuts"])
    #expect(facts("I moved to Lisbon last month.").map(\.text) == ["Lives in Lisbon (since February 2026)"])
    #expect(facts("My sister Anna lives in Rome.").map(\.text) == ["Sister Anna lives in Rome"])
    #expect(facts("I no longer work at Cedar Robotics.").map(\.text) == ["No longer works at Cedar Robotics"])
  }

  @Test("a sentence that says more than its slot keeps its words")
  func keepsSentences() {
    let facts = facts("I have a dog called Rex and he ate the neighbour's garden gnome during the storm.")
    #expect(facts.count == 2)
    #expect(facts[0].text.hasPrefix("User: I have a dog called Rex and he ate"))
    #expect(facts[0].attribute == nil)
    #expect(facts[1].text == "Has a pet: dog Rex")
    #expect(facts[1].confidence > facts[0].confidence)
  }

  @Test("every attribute that a rule names is in the catalogue")
  func knownAttributes() {
    let tables = PredicateRules.rows + PossessionRules.rows + PhraseRules.rows + OpeningRules.rows
    let byNoun: Set<String> = ["person", "favorite", SlotRule.correction]
    for (pattern, rule) in tables where !byNoun.contains(rule.attribute) {
      #expect(Attribute.named(rule.attribute) != nil, "\(pattern): \(rule.attribute)")
    }
  }
}

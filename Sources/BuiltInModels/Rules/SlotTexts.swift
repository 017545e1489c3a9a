/// How a slot reads as a statement: in the third person, with `%` for the value.
struct SlotText: Sendable {
  var positive: String
  var negative: String
  var ended: String
  /// Whether it reads "Anna's name is …" rather than "Anna lives in …".
  var isPossession = false

  static func of(_ attribute: String) -> SlotText { all[attribute] ?? SlotText("Has %", "Has no %", "Had %") }

  private init(_ positive: String, _ negative: String, _ ended: String, isPossession: Bool = false) {
    self.positive = positive
    self.negative = negative
    self.ended = ended
    self.isPossession = isPossession
  }

  private static func possession(_ noun: String) -> SlotText {
    SlotText("\(noun) is %", "\(noun) is not %", "\(noun) was %", isPossession: true)
  }

  private static let all: [String: SlotText] = [
    "name": possession("Name"), "nickname": possession("Nickname"), "pronouns": possession("Pronouns"),
    "birthday": possession("Birthday"), "email": possession("Email"), "phone": possession("Phone number"),
    "timezone": possession("Timezone"), "nationality": SlotText("Is %", "Is not %", "Was %"),
    "age": SlotText("Is % years old", "Is not % years old", "Was % years old"),
    "home": SlotText("Lives in %", "No longer lives in %", "Used to live in %"),
    "hometown": SlotText("Comes from %", "Does not come from %", "Came from %"),
    "language": SlotText("Speaks %", "Does not speak %", "Used to speak %"),
    "job": SlotText("Works as %", "No longer works as %", "Used to work as %"),
    "employer": SlotText("Works at %", "No longer works at %", "Used to work at %"),
    "studies": SlotText("Studies %", "No longer studies %", "Studied %"),
    "relationship_status": SlotText("Is %", "Is not %", "Was %"),
    "partner": possession("Partner"), "child": SlotText("Has a child: %", "Has no child %", "Had a child: %"),
    "relative": SlotText("Has a relative: %", "Has no relative %", "Had a relative: %"),
    "friend": SlotText("Has a friend: %", "No longer a friend of %", "Had a friend: %"),
    "pet": SlotText("Has a pet: %", "No longer has the pet %", "Had a pet: %"),
    "allergy": SlotText("Allergic to %", "Not allergic to %", "Used to be allergic to %"),
    "condition": SlotText("Has %", "Does not have %", "Had %"),
    "medication": SlotText("Takes %", "No longer takes %", "Took %"),
    "diet": SlotText("Diet: %", "No longer eats %", "Used to eat %"),
    "tool": SlotText("Uses %", "No longer uses %", "Used to use %"),
    "device": SlotText("Has a %", "No longer has the %", "Used to have a %"),
    "vehicle": SlotText("Drives a %", "No longer drives the %", "Used to drive a %"),
    "likes": SlotText("Likes %", "No longer likes %", "Used to like %"),
    "dislikes": SlotText("Dislikes %", "Does not dislike %", "Used to dislike %"),
    "favorite_color": possession("Favorite color"), "favorite_food": possession("Favorite food"),
    "favorite_drink": possession("Favorite drink"), "favorite_book": possession("Favorite book"),
    "favorite_movie": possession("Favorite movie"), "favorite_music": possession("Favorite music"),
    "favorite_sport": possession("Favorite sport"), "favorite_other": possession("Favorite"),
    "reply_style": SlotText("Prefers replies: %", "Does not want replies: %", "Used to prefer replies: %"),
    "hobby": SlotText("Hobby: %", "Gave up %", "Former hobby: %"),
    "habit": SlotText("Habit: %", "Gave up %", "Former habit: %"),
    "skill": SlotText("Good at %", "Not good at %", "Used to be good at %"),
    "plan": SlotText("Plan: %", "Former plan: %", "Former plan: %"),
    "goal": SlotText("Goal: %", "Former goal: %", "Former goal: %"),
  ]
}

import MnemeCore

/// Words that tell what a plain statement is about, by category.
enum CategoryWords {
  static let all: [(category: String, words: String)] = [
    (
      "family",
      """
      family mother mom mum father dad parents sister brother son daughter kid kids child children baby wife husband
      uncle aunt cousin niece nephew grandmother grandma grandfather grandpa married wedding engaged divorced
      anniversary dog cat pet pets puppy kitten girlfriend boyfriend pregnant
      """
    ),
    (
      "professional_details",
      """
      job work working worked career office boss manager company business salary promotion promoted hired interview
      colleague colleagues coworker client clients project projects meeting deadline resume internship startup degree
      university college school class course exam study studying studied major thesis graduate graduated
      """
    ),
    (
      "sports",
      """
      football soccer basketball baseball tennis golf hockey rugby cricket volleyball swim swimming marathon race gym
      workout team coach match tournament league score scored game stadium championship training athlete
      """
    ),
    (
      "travel",
      """
      travel traveled travelled traveling trip vacation holiday flight flew hotel beach airport abroad tour visited
      visiting visit country passport road camping itinerary cruise island
      """
    ),
    (
      "food",
      """
      food eat eating ate cook cooking cooked bake baking baked recipe recipes restaurant dinner lunch breakfast meal
      pizza pasta cake coffee tea wine beer vegetarian vegan chocolate cheese bread fruit salad soup cuisine dish tasty
      """
    ),
    (
      "music",
      """
      music song songs band concert guitar piano violin drums sing singing singer album playlist festival jazz rock
      orchestra symphony melody lyrics
      """
    ),
    (
      "health",
      """
      health doctor hospital sick ill illness pain injury injured surgery medicine medication allergy allergic therapy
      therapist diet weight sleep anxiety depression stress stressed mental fitness exercise yoga meditation diagnosed
      symptoms dentist teeth
      """
    ),
    (
      "technology",
      """
      computer laptop phone software app code coding programming website internet api database server python javascript
      swift iphone android robot ai tech technology device camera
      """
    ),
    (
      "hobbies",
      """
      hobby hobbies hiking hike painting painted paint drawing pottery knitting gardening garden reading books book
      photography chess puzzle collect collecting craft crafts fishing dancing dance art instrument
      """
    ),
    ("fashion", "fashion clothes clothing dress shoes outfit jacket jeans shirt style jewelry necklace wardrobe boots"),
    (
      "entertainment",
      """
      movie movies film films show shows series tv television netflix theater theatre play gaming games videogame
      podcast comedy anime cinema episode
      """
    ),
    (
      "milestones",
      """
      graduated graduation promoted promotion achieved achievement award won winning anniversary born birth moved
      milestone first accomplished finished completed launched retired adopted
      """
    ),
    ("user_preferences", "prefer prefers favorite favourite like love enjoy hate dislike rather"),
    (
      "personal_details",
      "name age birthday born live lives living moved home house apartment hometown city email phone address"
    ),
  ]
}

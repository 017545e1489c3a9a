/// Patterns that follow a possessor: "my …", "my sister's …", "Anna's …".
enum PossessionRules {
  static let rows: [(String, SlotRule)] = [
    ("?full|first|real|given name is|'s {called}", .state("name")),
    ("nickname is|'s {called}", .state("nickname")),
    ("pronouns are {manner}", .state("pronouns")),
    ("birthday is|'s|was|falls ?on {date}", .state("birthday")),
    ("age is {number}", .state("age")),
    ("email ?address is|'s {email}", .state("email")),
    ("?phone|cell|mobile ?phone number|phone ?number is|'s {phone}", .state("phone")),
    ("timezone is|'s {np}", .state("timezone")),
    ("time zone is|'s {np}", .state("timezone")),
    ("nationality is {nationality}", .state("nationality")),
    ("home|hometown ?town is|'s {place}", .state("hometown")),
    ("?home|current city|address|residence is ?in {place}", .state("home")),
    ("?current|new job|occupation|profession ?title is|'s ?a|an|as {np}", .state("job")),
    ("?current|new employer|company|workplace is|'s {org}", .state("employer")),
    ("?native|first|mother language|tongue is {language}", .state("language")),
    ("?main|biggest|favorite|favourite|new hobby|hobbies|pastime is|are|include|includes {list}", .state("hobby")),
    ("?main|biggest|current|long-term|ultimate goal|dream|ambition is to {clause}", .wish("goal")),
    ("plan is to {clause}", .wish("plan")),
    ("favorite|favourite {@np} is|are|'s|has|remains ?been|now|still {title}", .state("favorite")),
    ("favorite|favourite is|are|'s|has|remains ?been|now|still {title}", .state("favorite")),
    ("{np-allergy} allergy", .state("allergy")),
    ("{vehicle} needs|need|broke|is|has|'s|got", .state("vehicle")),
    ("{@animal} 's name is|was {called}", .state("pet")),
    ("{@animal} is|was|'s named|called {called}", .state("pet")),
    ("{@animal} ?, {name} ?, died|passed", .denial("pet")),
    ("{@animal} ?, {name} ?, is|has|was|had|loves|likes|got|does", .state("pet")),
  ]
}

/// Patterns that stand by themselves, anywhere in a sentence, and are about its speaker.
enum PhraseRules {
  static let rows: [(String, SlotRule)] = [
    ("call me {name}", .state("nickname")),
    ("actually|sorry|no ?, it|that is|'s {title} ?, not {@title}", .change(SlotRule.correction)),
    ("i meant ?to ?say {title} ?, not {@title}", .change(SlotRule.correction)),
    ("since the|my|our move from {place}", .ended("home")),
    ("neighbors|neighbours|neighborhood|neighbourhood|life|home|apartment|house here in {place}", .state("home")),
    ("after|for ?#number ?many ?of years as a|an {job}", .ended("job")),
    ("being a|an {job}", .state("job")),
    ("no more {diet}", .denial("diet")),
    ("only|strictly {diet} meals|food|recipes", .state("diet")),
    ("please ?always|only answer|reply|respond ?to ?me ?only {manner}", .state("reply_style")),
    ("keep ?your|the|all answers|replies|responses|explanations {manner}", .state("reply_style")),
  ]
}

/// Patterns at the start of a clause that begin with the value itself.
enum OpeningRules {
  static let rows: [(String, SlotRule)] =
    [
      ("{title} is|are|'s my|our ?all-time|absolute|new favorite|favourite ?{@word}", .state("favorite")),
      ("still|currently|now at {org}", .state("employer")),
      ("{name} ?, my|our {@animal} ?, ?has|have ?sadly died|passed", .denial("pet")),
      ("from now on ?, ?please ?always answer|reply|respond|write ?to ?me {manner}", .state("reply_style")),
      ("?always|only answer|reply|respond ?to ?me ?only {manner}", .state("reply_style")),
      ("?please be brief|concise|short", .state("reply_style", "brief")),
      ("allergic to {list}", .state("allergy")),
    ] + forms

  /// Lines of a form: "Name: …".
  private static let forms: [(String, SlotRule)] = [
    ("name : {called}", .state("name")), ("age : {number}", .state("age")), ("email : {email}", .state("email")),
    ("phone : {phone}", .state("phone")), ("birthday : {date}", .state("birthday")),
    ("city|location|home : {place}", .state("home")), ("job|occupation|profession : {np}", .state("job")),
    ("employer|company : {org}", .state("employer")), ("diet : {diet}", .state("diet")),
    ("allergy|allergies : {list}", .state("allergy")), ("hobby|hobbies : {list}", .state("hobby")),
    ("language|languages : {language}", .state("language")), ("timezone : {np}", .state("timezone")),
  ]
}

/// Patterns that follow a subject: "I …", "my sister …", "Anna …". The first that matches wins.
enum PredicateRules {
  static let rows: [(String, SlotRule)] = (health + home + work + people + property + tastes + pursuits + person).map {
    (expand($0.0), $0.1)
  }

  private static let be = "am|is|are|'s|was|were|been|be|being"

  /// Abbreviations in patterns.
  private static func expand(_ source: String) -> String {
    var words: [String] = []
    for word in source.split(separator: " ") {
      words.append(
        String(word).replacing("@be", with: be).replacing("@have", with: "have|has|had|got|own|owns|adopted|bought"))
      // "I am not …", "I am now …"
      if word.hasPrefix("@be") { words.append("*#gap") }
    }
    return words.joined(separator: " ")
  }

  private static let home: [(String, SlotRule)] = [
    ("live|lives|living|lived|reside|resides|resided ?here|over|alone|together in {place}", .state("home")),
    ("@be ?currently|now|still based|living|settled in {place}", .state("home")),
    ("moved|relocated|relocating ?back|over|down|up|out|here|house|home *#adverb to {place}", .change("home")),
    ("settled ?down in {place}", .change("home")),
    ("do not live in {place} anymore", .denial("home")),
    ("moved ?out|away out|away|from of|from {place}", .denial("home")),
    ("@be ?originally from {place}", .state("hometown")),
    ("come|comes|hail|hails ?originally from {place}", .state("hometown")),
    ("@be born ?and ?raised in {place}", .change("hometown")),
    ("grew up in {place}", .change("hometown")),
  ]

  private static let work: [(String, SlotRule)] = [
    ("@be a|an {np} by trade|profession|training", .state("job")),
    ("@be ?the|a|an|your {job} at|with|for {@org}", .jobAndEmployer),
    ("@be ?the|a|an|your {job}", .state("job")),
    ("@be retired", .state("job", "retired")),
    ("retired", .change("job", "retired")),
    ("work|works|working|worked as ?a|an|the {np} at|for|with {@org}", .jobAndEmployer),
    ("work|works|working|worked as ?a|an|the {np}", .state("job")),
    ("@be employed as ?a|an {np}", .state("job")),
    ("became|become|becoming a|an|the {job}", .change("job")),
    ("@be|got promoted to {np}", .change("job")),
    ("got|landed|accepted|have|has a ?new job|position|role as ?a|an {np}", .change("job")),
    ("stopped|quit|finished being|working ?as a|an {job}", .denial("job")),
    ("work|works|working|worked at|for {org}", .state("employer")),
    ("@be employed at|by {org}", .state("employer")),
    ("started|start ?working|work|out at|for {org}", .change("employer")),
    ("started|got|landed|accepted|took a ?new job|position|role at|with {org}", .change("employer")),
    ("joined|join {name}", .change("employer")),
    ("left|quit|resigned ?my ?job ?from|at {name}", .denial("employer")),
    ("@be|got fired|laid|let ?off|go from|by {name}", .denial("employer")),
    ("quit|left|lost my|the job", .denial("employer")),
    ("study|studies|studying|studied|major|majors|majoring|majored ?in {np} at {@org}", .state("studies")),
    ("major|majors|majoring|majored in {np}", .state("studies")),
    ("pursue|pursuing|pursues|doing|have|has|getting a ?bachelor|master|phd ?'s ?degree in {np}", .state("studies")),
  ]

  private static let people: [(String, SlotRule)] = [
    ("@be ?a|an ?happily|recently|newly {status} ?now|again $", .state("relationship_status")),
    ("got married", .change("relationship_status", "married")),
    ("got engaged", .change("relationship_status", "engaged")),
    ("got divorced", .change("relationship_status", "divorced")),
    ("broke|split up with ?my ?#relation {newName}", .denial("partner")),
    ("broke|split up with", .denial("partner")),
    ("broke|split up $", .denial("partner")),
    ("@be #status to {newName}", .state("partner")),
    ("@be dating|seeing|marrying {newName}", .state("partner")),
    ("married {newName}", .change("partner")),
    ("have|has a|an|one *#adverb {@relation} ?, ?who is|'s ?named|called {called}", .state("person")),
    ("have|has a|an|one *#adverb {@relation} named|called {called}", .state("person")),
    ("@have a|an|one|my|our {@animal} ?, ?who is|'s ?named|called {called}", .state("pet")),
    ("@have a|an|one|my|our {@animal} ?, named|called {called}", .state("pet")),
    ("named|name my|our|the {@animal} {called}", .state("pet")),
    ("have|has|had|own|owns|adopted a|an|some|my|our {animal}", .state("pet")),
    ("have|has|had|own|owns|adopted #number {animal}", .state("pet")),
    ("lost my|our {@animal} {name}", .denial("pet")),
    ("have|has {children}", .state("child")),
  ]

  private static let health: [(String, SlotRule)] = [
    ("@be allergic to {list}", .state("allergy")),
    ("have|has|developed a|an ?severe|bad|mild {np-allergy} allergy", .state("allergy")),
    ("have|has|suffer|suffers|living|live ?from|with {illness}", .state("condition")),
    ("@be|got diagnosed with {np}", .change("condition")),
    ("take|takes|taking|took {np} for ?my|the {@illness}", .state("medication")),
    ("@be|got prescribed {np}", .change("medication")),
    ("@be ?a|an|on *#adverb ?a|the {diet}", .state("diet")),
    ("went|gone|turned|became|going|become ?a {diet}", .change("diet")),
    ("follow|follows|following|eat|eats|eating|started|keep|keeps ?a|the|only {diet}", .state("diet")),
    ("stopped|quit|finished being|eating|with ?the {diet}", .denial("diet")),
    ("quit|stopped|gave ?up smoking", .denial("habit", "smoking")),
    ("quit|stopped|gave ?up drinking", .denial("habit", "drinking alcohol")),
    ("smoke|smokes", .state("habit", "smoking")),
  ]

  private static let property: [(String, SlotRule)] = [
    ("drive|drives|driving|drove a|an|my|the {vehicle}", .state("vehicle")),
    (
      "traded|swapped|exchanged|switched|replaced ?in|out my|our|the {@np} for|with a|an|the {vehicle}",
      .change("vehicle")
    ),
    ("bought|got|purchased|leased|own|owns|have|has a|an|my ?new|used {vehicle}", .change("vehicle")),
    ("sold|totaled|totalled|crashed|scrapped my|our|the {vehicle}", .denial("vehicle")),
    ("bought|got|purchased|own|owns|have|has a|an|my ?new {device}", .change("device")),
    ("sold|lost|broke my|our|the ?old {device}", .denial("device")),
    ("switched|migrated|moved ?over from {@np} to {np}", .replacement("tool")),
    ("use|uses|using {name}", .state("tool")),
  ]

  private static let tastes: [(String, SlotRule)] = [
    ("love|loves|like|likes|enjoy|enjoys|adore|adores ?to|going {pastime}", .state("hobby")),
    (
      "love|loves|like|likes|enjoy|enjoys|adore|adores ?eating|drinking|watching|playing|reading {list}",
      .state("likes")
    ),
    ("@be ?a ?big|huge|massive fan of {list}", .state("likes")),
    ("@be into {list}", .state("likes")),
    ("@be fond|crazy|passionate|mad of|about {list}", .state("likes")),
    ("prefer|prefers {reply-style}", .state("reply_style")),
    ("prefer|prefers {np}", .state("likes")),
    ("hate|hates|dislike|dislikes|detest|detests|despise|loathe {list}", .state("dislikes")),
    ("stand|bear {list}", .whenDenied("dislikes")),
    ("want|need ?you ?to {reply-style}", .state("reply_style")),
  ]

  private static let pursuits: [(String, SlotRule)] = [
    ("gave|given|giving up ?on {activity}", .denial("hobby")),
    ("stopped|quit|dropped ?doing|playing|practicing|going {pastime}", .denial("hobby")),
    ("stopped|quit doing|playing|practicing|practising {activity}", .denial("hobby")),
    ("do|does|practice|practise|practices|practises {activity} every|each|on|once|twice|regularly", .state("hobby")),
    ("started|took|picked ?up|to|doing {pastime}", .change("hobby")),
    ("do|does|doing|go|goes|practice|practise {pastime}", .state("hobby")),
    ("play|plays|playing {sport}", .state("hobby")),
    ("took|taken|picked|got up|into {activity}", .change("hobby")),
    ("play|plays the {np}", .state("skill")),
    ("speak|speaks {language}", .state("language")),
    ("@be fluent in {language}", .state("language")),
    ("@be good|great|skilled at {activity}", .state("skill")),
    ("plan|plans|planning|planned to|on {clause}", .wish("plan")),
    ("@be planning a|an|our|my {np}", .wish("plan")),
    ("@be going to {action}", .wish("plan")),
    ("gonna {action}", .wish("plan")),
    ("want|wants|hope|hopes|hoping|aim|aims|aiming|aspire|wanting to {action}", .wish("goal")),
    ("would *#adverb love|like to {action}", .wish("goal")),
    ("dream|dreams|dreaming of|about {clause}", .wish("goal")),
  ]

  private static let person: [(String, SlotRule)] = [
    ("@be ?now|currently {number} years|yrs ?old", .state("age")),
    ("@be ?now|currently {age} $", .state("age")),
    ("turned|turning|turn {age} $", .change("age")),
    ("@be born on {date}", .change("birthday")),
    ("@be {nationality} $", .state("nationality")),
    ("@be called {called}", .state("name")),
    ("@be {newName} $", .introduction),
    ("go|goes by {name}", .state("nickname")),
  ]
}

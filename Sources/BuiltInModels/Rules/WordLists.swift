/// Words by trait. General English, chosen by hand.
enum WordLists {
  static let all: [(WordTraits, String)] = grammar + conversation + time + world

  private static let grammar: [(WordTraits, String)] = [
    (.firstPerson, "i me my mine myself we us our ours ourselves"),
    (.secondPerson, "you your yours yourself yourselves u ur ya y'all"),
    (
      .thirdPerson,
      "he she it they him her hers them his its their theirs this that these those himself herself itself themselves"
    ),
    (
      .function,
      """
      a an the of to in on at by for with from as into onto over under about after before between through during
      without within against among around per via than then and or but nor so yet if because while when where who whom
      whose which what why how is am are was were be been being do does did doing done have has had having will would
      shall should can could may might must not no yes s t re ve ll d m there here too very just also even only own same
      such both each few more most other some any all every much many lot lots bit up down out off again once ever
      really quite rather pretty well still now already always never often sometimes usually actually basically honestly
      definitely probably maybe perhaps get got getting gets go going goes went come came coming thing things stuff way
      kind sort something anything everything nothing someone anyone everyone one ones let lets us gonna wanna gotta
      like though although however else anyway since until till
      """
    ),
    (
      .adverb,
      """
      just recently still actually really also always now currently already finally even definitely usually often
      sometimes totally absolutely honestly originally simply officially happily proudly generally mostly mainly
      normally especially truly certainly surely basically literally both all too lately presently once ever soon
      permanently only quite very so most best better more longer anymore ago super rather pretty deeply severely slightly mildly
      """
    ),
    (.auxiliary, "am is are was were be been being do does did have has had get got getting can"),
    (.negator, "not never cannot no"),
    (.unreal, "would could might should may wish if"),
    (.future, "will gonna shall tomorrow"),
    (.questionWord, "what why how when where who whom whose which"),
    (.conjunction, "and but so because since while although though when where which who that if or yet as unless than"),
    (
      .preposition,
      """
      of to in on at by for with from into onto over under about after before between through during without within
      against among around near via until till across behind beyond besides
      """
    ),
    (.determiner, "a an the my our his her their its your some any this that these those another each every"),
    (
      .pastVerb,
      """
      went saw had got bought made took gave came met ran began broke built brought caught chose did drew drank drove
      ate fell felt found flew forgot grew heard held hurt kept knew led left lent lost paid put read rode rose said
      sang sent set shot slept sold spent spoke stood stole swam taught thought threw told understood woke wore won
      wrote became beat bit blew cut dealt dug fed fought hid hit hung laid lit quit rang shook shut sat stuck struck
      swore tore was were
      """
    ),
    (
      .number,
      """
      one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
      eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred
      """
    ),
    (.abbreviation, "mr mrs ms dr prof st jr sr vs etc e.g i.e approx dept inc ltd co no fig a.m p.m u.s mt ft"),
  ]

  private static let conversation: [(WordTraits, String)] = [
    (
      .interjection,
      """
      hi hello hey hiya heya yo howdy greetings thanks thank thx ty cheers ok okay k kk yes yeah yep yup yea ya nope nah
      sure alright right cool nice great awesome wow whoa oh ooh ah aha aww aw haha hahaha hehe lol lmao hmm hm mhm mm uh
      um ugh oops yay woah wonderful perfect gotcha understood noted indeed absolutely definitely certainly exactly
      totally agreed true congrats congratulations bye goodbye cya goodnight welcome please sorry man dude bro gosh omg
      jeez geez damn well anyway anyways btw hola bonjour hallo ciao danke merci gracias grazie obrigado ola salut
      """
    ),
    (
      .chat,
      """
      good great fine nice cool awesome amazing wonderful fantastic excellent lovely interesting funny fun exciting
      impressive incredible beautiful brilliant perfect sweet neat super terrible awful bad sad sorry glad happy
      thankful grateful sure true right wrong okay ok kind idea ideas joke thought thoughts point question questions
      answer answers help helps helped helpful thank thanks appreciate appreciated know knew think guess hope hoping see
      hear heard hearing say said saying tell telling told talk talking chat chatting speak mean means meant understand
      agree sound sounds sounded look looks looking seem seems feel feels wish love wait forward luck day days today time
      times tomorrow later soon night morning evening afternoon weekend week care take keep try sense deal bet worry
      worries welcome pleasure problem please congrats congratulations proud wow yes no yeah hi hello hey
      bye again lot lots much bit sometime catch going doing done make makes made people person friend friends guy guys
      man one luck lucky part work works job rest great best better support supportive news curious able jealous kidding pleased delighted surprised impressed
      relieved interested confused chance details info nope inspiring inspiration hard tough
      easy believe imagine word words excited cute delicious pretty real reason matter anytime mind bother absolutely
      """
    ),
    (
      .command,
      """
      explain write tell give show list summarize summarise translate help make create generate suggest recommend find
      calculate compute rewrite draft describe compare define convert solve fix check analyze analyse outline provide
      name add remove change delete update set play open search look book order send remind schedule schedule compose
      proofread edit shorten simplify improve plan design code implement debug brainstorm repeat continue stop forget
      ignore disregard pretend act imagine let's answer reply respond use keep avoid please review walk teach refactor
      """
    ),
    (
      .hedge, "maybe perhaps probably possibly might think guess suppose seems apparently supposedly unsure kinda sorta"
    ),
    (
      .label,
      """
      note update question reminder fyi ps edit todo warning news tip hint answer example summary subject topic context
      background task goal goals name age email phone job home city location hobby hobbies allergy allergies diet
      birthday timezone language languages pets pet occupation employer nickname pronouns user assistant system human ai
      bot me you title re attention important btw tldr q a shopping groceries ingredients steps plan plans problem
      issue error result results output input code
      """
    ),
    (
      .storyNoun,
      "story novel book script screenplay tale fiction game campaign roleplay movie film manuscript poem draft dream"
    ),
    (.storyPerson, "narrator protagonist hero heroine character antagonist villain"),
  ]

  private static let time: [(WordTraits, String)] = [
    (
      .month,
      """
      january february march april may june july august september october november december jan feb mar apr jun jul aug
      sep sept oct nov dec
      """
    ),
    (.weekday, "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun"),
    (
      .timeUnit, "day days week weeks month months year years weekend weekends hour hours minute minutes decade decades"
    ),
    (.season, "spring summer autumn fall winter"),
    (
      .timeWord,
      """
      today tonight yesterday tomorrow now nowadays lately recently currently soon later earlier ago last next already
      anymore again yet still once sometimes often always usually daily weekly everyday these days morning afternoon
      evening night
      """
    ),
  ]

  private static let world: [(WordTraits, String)] = [
    (
      .relation,
      """
      mother mom mum mommy mama father dad daddy papa parents parent sister brother sibling son daughter kid child baby
      wife husband spouse partner girlfriend boyfriend fiance fiancee fiancé fiancée uncle aunt auntie cousin niece
      nephew grandmother grandma granny nana grandfather grandpa granddad grandson granddaughter stepmother stepmom
      stepfather stepdad stepson stepdaughter stepsister stepbrother friend bestie buddy roommate flatmate housemate
      neighbor neighbour colleague coworker boss manager mentor teacher coach doctor therapist twin
      """
    ),
    (
      .animal,
      """
      dog puppy pup cat kitten kitty rabbit bunny parrot bird budgie canary hamster gerbil mouse rat horse pony fish
      goldfish turtle tortoise snake lizard gecko iguana ferret chicken duck goat pig sheep cow donkey hedgehog
      chinchilla cockatiel parakeet labrador poodle beagle retriever terrier bulldog husky corgi dachshund chihuahua
      spaniel collie mutt pug dogs puppies cats kittens rabbits parrots birds hamsters gerbils horses goldfish turtles
      snakes ferrets chickens ducks goats pigs cows donkeys
      """
    ),
    (
      .occupation,
      """
      nurse doctor physician surgeon dentist pharmacist veterinarian vet paramedic therapist psychologist psychiatrist
      counselor counsellor teacher professor lecturer tutor principal librarian student engineer developer programmer
      coder designer architect analyst scientist researcher chemist biologist physicist mathematician statistician
      economist historian geologist astronomer technician mechanic electrician plumber carpenter welder builder mason
      roofer contractor landscaper gardener farmer rancher fisherman baker chef cook waiter waitress bartender barista
      server butcher cashier salesperson salesman saleswoman realtor broker banker accountant bookkeeper auditor actuary
      lawyer attorney paralegal judge secretary receptionist assistant administrator clerk manager director executive
      ceo cto cfo founder entrepreneur consultant marketer recruiter journalist reporter editor writer author poet
      novelist translator interpreter photographer filmmaker videographer animator illustrator artist painter sculptor
      musician singer drummer guitarist pianist violinist composer producer dj actor actress dancer choreographer model
      comedian magician pilot astronaut sailor captain driver trucker courier conductor firefighter policeman
      policewoman officer detective soldier marine veteran guard lifeguard nanny babysitter caregiver janitor cleaner
      housekeeper hairdresser hairstylist barber beautician tailor seamstress florist jeweler potter zookeeper ranger
      trainer coach athlete referee freelancer blogger streamer youtuber homemaker housewife intern apprentice
      superintendent supervisor foreman inspector surveyor machinist operator dispatcher planner strategist copywriter
      """
    ),
    (
      .diet,
      """
      vegan vegetarian pescatarian keto paleo gluten-free dairy-free lactose-free halal kosher flexitarian carnivore
      low-carb fruitarian sugar-free nut-free veggie
      """
    ),
    (
      .vehicle,
      """
      car truck van suv motorcycle motorbike scooter sedan hatchback pickup convertible jeep minivan campervan
      toyota honda ford chevrolet chevy nissan mazda subaru volkswagen vw bmw mercedes audi skoda fiat renault peugeot
      citroen seat opel volvo hyundai kia tesla porsche lexus jaguar mitsubishi suzuki dodge chrysler cadillac mustang
      prius civic corolla camry accord harley vespa dacia yamaha kawasaki ducati
      """
    ),
    (
      .vehicleNoun,
      """
      car truck van suv motorcycle motorbike scooter sedan hatchback pickup convertible minivan campervan
      """
    ),
    (
      .color,
      """
      red blue green yellow orange purple pink black white grey gray brown teal turquoise violet indigo maroon navy gold
      silver beige magenta cyan lavender crimson olive burgundy
      """
    ),
    (
      .language,
      """
      english spanish french german italian portuguese dutch swedish norwegian danish finnish polish czech russian
      ukrainian greek turkish arabic hebrew persian farsi hindi urdu bengali tamil punjabi chinese mandarin cantonese
      japanese korean vietnamese thai welsh irish gaelic basque indonesian malay tagalog swahili latin hungarian romanian catalan icelandic
      """
    ),
    (
      .nationality,
      """
      american canadian mexican brazilian argentinian colombian chilean peruvian british scottish welsh irish english
      french german italian spanish portuguese dutch belgian swiss austrian swedish norwegian danish finnish icelandic
      polish czech slovak hungarian romanian bulgarian greek turkish russian ukrainian croatian serbian egyptian
      moroccan nigerian kenyan ethiopian ghanaian indian pakistani bangladeshi chinese japanese korean vietnamese thai
      filipino indonesian malaysian australian israeli lebanese iranian iraqi syrian cuban jamaican
      """
    ),
    (
      .belief,
      """
      catholic christian jewish muslim buddhist hindu protestant atheist agnostic asian african european latino latina
      hispanic texan republican democrat libra virgo leo aries taurus gemini scorpio sagittarius capricorn aquarius
      pisces
      """
    ),
    (.device, "iphone ipad macbook laptop phone smartphone tablet kindle pixel galaxy thinkpad playstation xbox drone"),
    (
      .illness,
      """
      diabetes asthma arthritis depression anxiety adhd autism dyslexia migraine migraines epilepsy hypertension cancer
      insomnia anemia eczema psoriasis celiac coeliac crohn's lupus fibromyalgia scoliosis tinnitus ptsd ocd bipolar
      endometriosis hypothyroidism sciatica vertigo ibs
      """
    ),
    (
      .sport,
      """
      football soccer basketball baseball tennis golf hockey rugby cricket volleyball badminton softball lacrosse squash
      """
    ),
    (
      .pastime,
      """
      hiking running jogging swimming cycling biking climbing bouldering skiing snowboarding surfing skating skateboarding
      yoga pilates dancing painting drawing sketching pottery knitting crocheting sewing woodworking gardening baking
      cooking photography birdwatching fishing hunting camping kayaking sailing rowing chess gaming reading writing
      blogging singing karate judo boxing archery fencing astronomy origami calligraphy scrapbooking meditation traveling
      travelling journaling quilting embroidery beekeeping genealogy juggling
      """
    ),
    (.status, "single married divorced engaged widowed separated dating"),
  ]
}

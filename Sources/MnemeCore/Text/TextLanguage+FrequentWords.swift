extension TextLanguage {
  /// Further words by which a text's language is told: those in which facts about people are put, which say what they
  /// are about all the same. For English also those that other languages have, in another sense.
  package var frequentWords: String {
    switch self {
    case .english:
      """
      likes loves hates wants prefers enjoys lives works moved visited plays plans owns bought went goes got needs \
      uses studies speaks drinks eats reads writes wears watches hopes thinks feels said says told asked made makes \
      started wishes favorite favourite movie film song book name named called city born years year old new day week \
      month friend wife husband daughter son mother father brother sister dog cat house home job time people one two \
      first last good great really never always often already still since without within there's everyone someone \
      something nothing anything every many much any other another because while come pan sin van die man war hat \
      gut kind fast art tot met door pour plus sans per dove men barn till bad den main pain font mine dice era hay \
      sole pine mail mal sale tale more bald tag brief rat hut dam ben as et al via vs de facto ha hi am pm ok okay \
      yes yeah hey hello thanks thank been being being's get gets give take see know want need feel look back down \
      way thing things lot bit actually fur meme memes uber mere lit sub pot mint sit end dig hid ham cane mare fill \
      cap fins sense hem hoe boot bin hast solo todo todos algo amigo amigos casa mucho nada fare ton par ai encore \
      adore ans vain volt care ale place cum din mama papa var ya biz bile hep bare inn alt far list gift ville chat \
      comment lire fin fat pet let's set cost run ran sent red note notes user message email phone number address \
      code text data file key value true false null none car cars pendant game mod mods show bien nun has moi ex pro \
      max mini mono vis
      """
    case .spanish:
      """
      gusta gustan encanta vive vivo vivir trabaja trabajo tiene tengo tener quiere quiero prefiere juega jugar hace \
      hacer hizo años año hijo hija hijos hermana hermano madre padre esposa esposo mujer amigo amiga casa ciudad \
      nació estudia compró viajó visitó cumpleaños llama llamo hoy ayer mañana siempre nunca odia toma come bebe lee \
      escucha habla estoy soy eres puede puedo va voy fueron comida libro perro gato domingo domingos sábado lunes \
      viernes jueves martes
      """
    case .french:
      """
      aime adore habite vit travaille préfère joue veut voudrait possède déteste boit mange lit parle apprend étudie \
      né née ans mari femme fille fils mère père sœur soeur frère ami amie maison ville acheté voyage visité appelle \
      suis es sommes êtes vais va vont aller faire peut peux doit hier demain aujourd'hui toujours jamais souvent \
      chaque jour matin soir chien chat livre lundi mardi mercredi jeudi vendredi samedi dimanche sait jouer vivre
      """
    case .german:
      """
      wohnt lebt arbeitet mag liebt trinkt isst spielt hat möchte will kann konnte muss soll geht ging fährt kauft \
      kaufte heißt heisst liest hört spricht lernt studiert hasst gern gerne lieber bevorzugt findet jahre jahr \
      jahren alt tochter sohn kinder mutter vater schwester bruder frau mann freund freundin haus stadt heute \
      gestern morgen nie oft jeden jede jedes bin bist habe hast besucht gekauft geboren arbeite wohne lebe trinke \
      esse spiele zwei drei hund katze beruf
      """
    case .portuguese:
      """
      gosta mora vive trabalha prefere joga quer tenho ter faz fez fazer anos ano filho filha filhos irmã irmão mãe \
      pai esposa marido mulher amigo amiga casa cidade nasceu estuda comprou viajou visitou chama hoje ontem amanhã \
      sempre nunca adora odeia toma come bebe lê fala ouve sou estou vai vou foram pode comida livro cachorro cão \
      gato domingo domingos sábado segunda sexta jogar
      """
    case .italian:
      """
      piace piacciono vive abita lavora gioca preferisce vuole ama odia beve mangia legge parla ascolta studia fa \
      fare anni anno figlio figlia figli sorella fratello madre padre moglie marito donna uomo amico amica casa \
      città nato nata comprato viaggio visitato chiama oggi ieri domani spesso sera mattina giorno sono sto sta va \
      vado può posso deve cane gatto libro domenica sabato lunedì venerdì giocare
      """
    case .dutch:
      """
      woont werkt houdt leeft speelt drinkt eet leest schrijft spreekt wil kan moet mag gaat ging graag liever haat \
      kocht gekocht bezocht geboren jaar jaren oud dochter zoon kinderen moeder vader zus broer vrouw vriend \
      vriendin huis stad vandaag gisteren morgen altijd nooit vaak dag heet vindt leert studeert ben bent hond kat \
      boek twee drie wonen werken
      """
    case .swedish:
      """
      bor gillar tycker älskar jobbar arbetar spelar dricker äter läser pratar talar vill föredrar hatar köpte \
      besökte flyttade heter född år gammal dotter son barn mor mamma far pappa syster bror fru vän hus stad idag \
      igår imorgon ofta varje dag går gick kommer får fick måste gör gjorde kaffe hund katt bok söndag söndagar
      """
    case .norwegian:
      """
      bor liker synes elsker jobber arbeider spiller drikker spiser leser snakker vil foretrekker hater kjøpte \
      besøkte flyttet heter født år gammel datter sønn barn mor mamma far pappa søster bror kone venn hus by idag \
      igår ofte hver dag går gikk kommer får fikk må gjør gjorde kaffe hund katt bok søndag søndager
      """
    case .danish:
      """
      bor kan lide synes elsker arbejder spiller drikker spiser læser taler vil foretrækker hader købte besøgte \
      flyttede hedder født år gammel datter søn barn mor far søster bror kone ven hus by idag igår ofte hver dag går \
      gik kommer får fik må gør gjorde kaffe hund kat bog søndag søndage
      """
    case .finnish:
      """
      asuu pitää rakastaa työskentelee haluaa pelaa juo syö lukee puhuu osaa osti kävi muutti vuotta vuonna vanha \
      tytär poika lapsi lasta äiti isä sisko veli vaimo ystävä talo koti kaupunki tänään eilen huomenna päivä joka \
      käy tykkää inhoaa opiskelee kahvia koira kissa kirja nimi sunnuntaisin asun
      """
    case .hungarian:
      """
      él lakik dolgozik szeret szereti szeretné játszik iszik eszik olvas beszél tanul utálja vett járt látogatott \
      költözött született éves évben lánya fia gyerek gyereke anyja apja testvére felesége férje barátja ház város \
      ma tegnap holnap gyakran minden nap hívják akar tud megy ment kávét kutya macska könyv vasárnap vasárnaponként \
      tudja élni
      """
    case .romanian:
      """
      place plac locuiește locuieşte trăiește lucrează preferă joacă vrea iubește urăște bea mănâncă citește \
      vorbește învață studiază cumpărat vizitat mutat născut ani an fiică fiica fiu fiul copii mama tata sora \
      fratele soția soțul prieten prietena casa oraș orașul azi ieri mâine mereu niciodată des fiecare zi cheamă \
      numește sunt ești merge poate trebuie cafea câine pisică carte duminică duminica
      """
    case .turkish:
      """
      seviyor sever seviyorum yaşıyor oturuyor çalışıyor istiyor oynuyor içiyor yiyor okuyor konuşuyor tercih ediyor \
      ediyorum gidiyor gitti geldi aldı adı yaşında yıl yılında doğdu kızı oğlu annesi babası kardeşi eşi arkadaşı \
      evi şehir bugün dün yarın bazen zaman nefret öğreniyor kahve çay köpeği kedisi köpek kedi kitap pazar günleri \
      gün hafta etti taşındı
      """
    case .catalan:
      """
      agrada agraden viu treballa té tenir vol prefereix juga jugar fa fer anys any fill filla fills germana germà \
      mare pare dona marit home amic amiga casa ciutat nascut néixer estudia comprar va vaig visitar diu dic avui \
      ahir demà sovint odia beu menja llegeix parla escolta sóc soc pot gos gat llibre diumenge diumenges dissabte
      """
    case .russian, .greek, .arabic, .hindi, .tamil, .armenian: ""
    }
  }
}

extension TextLanguage {
  /// Words that stand in most texts of the language, whatever they are about, one space between them; with an
  /// apostrophe behind those that stand before one.
  package var functionWords: String {
    switch self {
    case .english: ContentWords.stopWords.sorted().joined(separator: " ")
    case .spanish:
      """
      de la que el en y a los las un una unos unas por con no su sus para como más pero le les ya o u este esta \
      estos estas ese esa esos esas porque entre cuando muy sin sobre también tambien me mi mis hasta hay donde \
      quien quién desde todo toda todos todas nos durante ni contra ella ellos ellas él yo tú tu tus te usted \
      ustedes nosotros lo al del se es son era eran fue ser está están estaba estaban he ha han había sido si sí qué \
      cuál cuándo dónde cómo cuánto antes después ahora aquí algo nada cada otro otra otros otras muchos mucho poco \
      tan solo sólo aunque mientras
      """
    case .french:
      """
      de la le les l' un une des du d' et en est que qu' qui dans pour pas ne n' sur se s' ce c' cette ces cet il \
      elle ils elles on nous vous je j' tu te me m' t' moi toi lui leur leurs son sa ses mon ma mes ton ta tes notre \
      nos votre vos au aux avec par plus mais ou où si comme tout toute tous toutes sans sous être etre été sont \
      était étaient ont avait avaient ai as a fait aussi très bien même quand quel quelle quels quelles quoi comment \
      pourquoi y donc car chez entre vers avant après depuis pendant encore déjà puis alors rien peu beaucoup
      """
    case .german:
      """
      der die das den dem des ein eine einen einem einer eines und oder aber in im an am auf aus bei beim mit nach \
      von vom zu zum zur für über unter vor um durch gegen ohne bis seit während ist sind war waren wird werden \
      wurde wurden hat haben hatte hatten sein seine seinen seinem seiner ihr ihre ihren ihrem ihrer er sie es ich \
      du wir man mich mir dich dir sich uns euch ihm ihn ihnen mein meine meinen meinem meiner dein deine nicht kein \
      keine keinen auch noch nur schon sehr so wie was wer wen wo wann warum wenn weil dass daß als dann doch mal \
      immer wieder mehr viel alle alles etwas nichts jetzt hier dort da diese dieser dieses diesen
      """
    case .portuguese:
      """
      de a o que e do da em um uma uns umas para é com não nao os as no na nos nas por mais dos das como mas foi ao \
      aos à às ele ela eles elas tem têm seu sua seus suas ou ser quando muito muita muitos há já está estão eu \
      também só pelo pela pelos pelas até isso isto aquele aquela este esta esse essa entre era depois sem mesmo meu \
      minha meus minhas teu tua você vocês nós me te se lhe qual quem onde porque porquê são num numa nem então \
      antes agora aqui ainda sobre todo toda todos todas cada outro outra tudo nada
      """
    case .italian:
      """
      di a da in con su per tra fra il lo la i gli le un uno una dell' all' nell' sull' dall' un' l' d' c' del dello \
      della dei degli delle al allo alla ai agli alle dal dalla dai dalle nel nello nella nei negli nelle sul sulla \
      sui sulle e ed o ma se che chi cui non più anche come quando dove perché perchè è sono era erano stato stata \
      ha hanno ho hai aveva avevano essere si ci ne mi ti vi lui lei loro io tu noi voi suo sua suoi sue mio mia \
      miei mie tuo tua questo questa questi queste quello quella quale quali quanto molto molti poco tutto tutta \
      tutti tutte ogni già ancora sempre mai solo poi prima dopo senza sotto sopra cosa qui però
      """
    case .dutch:
      """
      de het een en van in is op te dat die voor met niet zijn aan er maar om ook als bij nog uit wel naar ik je jij \
      hij zij ze we wij jullie u hem haar hun mij me mijn jouw uw ons onze dit deze heeft hebben had hadden heb hebt \
      was waren werd werden wordt worden door over dan wat wie waar wanneer waarom hoe of want omdat toen nu al alle \
      alles geen iets niets veel meer meest zo tot tegen onder tussen na sinds zonder heel erg toch zich zelf daar \
      hier eens elke elk ander andere
      """
    case .swedish:
      """
      och i att det som en ett på är av för med till den har de inte om han hon vi jag du ni man men var så från sig \
      sin sitt sina hans hennes deras mig dig oss er min mitt mina din ditt dina vår kan ska skulle hade eller när \
      där här vad vem vilken vilket vilka varför hur än bara mycket också nu då efter utan under över mellan vid mot \
      upp ut in alla allt någon något några ingen inget inga denna detta dessa blev blir vara varit sedan innan igen \
      redan aldrig alltid
      """
    case .norwegian:
      """
      og i det som en et ei på er av for med til den har de ikke om han hun vi jeg du dere man men var så fra seg \
      sin sitt sine hans hennes deres meg deg oss min mitt mine din ditt dine vår kan skal skulle hadde eller når \
      der her hva hvem hvilken hvilket hvilke hvorfor hvordan hvor enn bare mye også nå da etter uten under over \
      mellom ved mot opp ut inn alle alt noen noe ingen denne dette disse ble blir være vært siden før igjen \
      allerede aldri alltid at hvis
      """
    case .danish:
      """
      og i det som en et på er af for med til den har de ikke om han hun vi jeg du man men var så fra sig sin sit \
      sine hans hendes deres mig dig os jer min mit mine din dit dine vores kan skal skulle havde eller når der her \
      hvad hvem hvilken hvilket hvilke hvorfor hvordan hvor end kun meget også nu da efter uden under over mellem \
      ved mod op ud ind alle alt nogen noget nogle ingen intet denne dette disse blev bliver være været siden før \
      igen allerede aldrig altid at hvis
      """
    case .finnish:
      """
      ja on ei että hän se ne he me te minä sinä mutta kun kuin niin myös ovat oli olivat olen olet olla ollut tai \
      vai sekä jos joka jotka mikä mitä missä mistä mihin milloin miksi miten kuka ketä kenen tämä tässä tästä nämä \
      nuo tuo siitä siinä sitä sen hänen hänellä hänet häntä minun minulla minua sinun sinulla meidän heidän en et \
      emme eivät eikä ennen jälkeen kanssa ilman vain vielä jo nyt sitten koska vaikka kaikki paljon hyvin usein \
      aina joskus mukaan
      """
    case .hungarian:
      """
      a az és is hogy nem van volt egy ez de csak meg már még mint ha vagy mert aki ami amely ahol amikor hol mikor \
      miért hogyan mi ki ő ők én te ti engem téged őt neki nekem neked nekünk ezt azt ezek azok ebben abban lesz \
      lett voltak vannak volna lehet kell sem se ne most itt ott így úgy nagyon sok minden mindig soha után előtt \
      alatt között nélkül szerint óta felé majd pedig illetve sokat több ezért azért
      """
    case .romanian:
      """
      și şi de la în cu pe un o este nu că care din pentru sunt mai ca sau dar dacă când unde cum cine ce prin până \
      după înainte fără sub peste între lui ei lor îi îl i le se s-a a au am ai are fost era erau fi fiind său sa \
      săi sale meu mea mei mele tău ta eu tu el ea noi voi ele îmi mă te ne vă acest această aceste acei asta acum \
      aici acolo foarte mult mulți multe tot toate toți fiecare doar încă deja și-a într- dintr- al ale unei unui \
      cea cel cele
      """
    case .turkish:
      """
      ve bir bu için ile da de çok daha ama ne en gibi o ben sen biz siz onlar onun benim senin bizim bana sana ona \
      beni seni onu var yok değil mi mı mu mü ki her hiç kadar sonra önce şey şu olan olarak oldu olduğu olur olmak \
      ise ya veya hem nasıl neden niçin nerede nereye nereden kim kimi hangi kaç şimdi burada orada hep hiçbir bazı \
      bütün tüm kendi üzere göre yani çünkü eğer bile artık henüz
      """
    case .catalan:
      """
      de la el els les l' d' n' s' m' un una uns unes i a en que amb per no és són era eren al als del dels pel pels \
      es se ha han hi ho ser estat està estan seu seva seus seves meu meva teu teva què qui quan on com perquè però \
      o si ja més molt molta molts també només ell ella ells elles jo tu nosaltres vosaltres em et ens us li aquest \
      aquesta aquests aquell aquella això allò tot tota tots totes cap cada altre altra sense sobre entre fins des \
      després abans ara aquí encara mai sempre res
      """
    case .russian:
      """
      и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее её мне было вот от \
      меня ещё еще нет о из ему теперь когда даже ну ли если уже или быть был него до вас опять вам ведь там потом \
      себя ничего ей они тут где есть для мы тебя их чем была сам без будто чего тоже себе под будет кто этот того \
      потому этого какой ним здесь этом один почти мой тем чтобы нее были куда зачем всех при об после над больше \
      тот через эти нас про них какая какие моя свою этой перед
      """
    case .greek:
      """
      ο η το οι τα του της των τον την τους τις και κι να θα με σε για από στο στη στον στην στους στις στα ως που \
      πως πώς πού τι δεν μην είναι ήταν είμαι είχε έχει έχω είχαν αν ή αλλά όταν γιατί επειδή μου σου μας σας εγώ \
      εσύ αυτός αυτή αυτό αυτά αυτοί εμείς όπως όπου πολύ πιο κάθε ένας μια μία ένα κατά μετά πριν χωρίς μόνο ακόμα \
      ακόμη ήδη ποιος ποια ποιο
      """
    case .arabic:
      """
      في من على إلى الى عن مع هذا هذه ذلك تلك التي الذي الذين ما لا لم لن إن أن ان كان كانت يكون هو هي هم نحن أنا \
      أنت و ف ب ل ك أو ثم بل قد كل بعض بعد قبل عند بين حتى إذا لكن كما أيضا هل متى أين كيف لماذا ماذا منذ حول دون \
      غير هناك هنا له لها لهم فيه فيها به بها منه منها عليه عليها
      """
    case .hindi:
      """
      का के की को में से पर और है हैं था थी थे हो होता होती होते एक यह वह ये वे इस उस इन उन ने भी तो ही कि जो जब तब \
      कब कहाँ कहां क्या क्यों कैसे कौन किस मैं मुझे मेरा मेरी मेरे हम हमें हमारा तुम आप आपका उसका उसकी उसके उसे \
      उन्हें अपना अपनी अपने लिए साथ बाद पहले तक नहीं न या लेकिन अगर बहुत कुछ सब हर कोई गया गई गए रहा रही रहे कर करता \
      करती करते
      """
    case .tamil:
      """
      ஒரு என்று மற்றும் இந்த அந்த இது அது அவர் அவள் அவன் நான் நீ நீங்கள் நாங்கள் அவர்கள் என் எனக்கு உன் உங்கள் \
      அவருக்கு அவளுக்கு என்ன எங்கே எப்போது எப்படி ஏன் யார் இல்லை உள்ளது உள்ள மிகவும் ஆனால் அல்லது கூட மட்டும் பிறகு \
      முன் வரை
      """
    case .armenian:
      """
      և ու է են եմ ես եք ենք էր էին իր նա նրա նրան նրանք դու մենք դուք իմ քո մեր ձեր այս այդ այն որ որը որի ինչ ով \
      երբ որտեղ ինչպես ինչու համար հետ մեջ վրա մոտ առանց բայց կամ եթե ոչ չի չէ նաև շատ մի ամեն միայն դեռ արդեն
      """
    }
  }
}

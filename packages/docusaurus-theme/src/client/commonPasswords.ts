// About 2,000 of the most common passwords, from the list in shared/password: those with at least five characters, all
// of them a to z or 0 to 9. Longer ones are first, because a longer one can contain a shorter one.
// Compiled by Royce Williams for Django. Licence: BSD 3-Clause, commonPasswords.LICENSE.
const wordList = `
polniypizdec0211 megaparol12345 telechargement sojdlg123aljg 111222tianya 123456123456 123456654321 123456qwerty
123qweasdzxc 1q2w3e4r5t6y 1qaz2wsx3edc q1w2e3r4t5y6 qwerty123456 startfinding 12345678910 12345qwerty 123hfjdk147
421uiopy258 christopher cjmasterinf harrypotter jesuschrist password123 qwerty12345 w5txn36alfw yuantuo2012
0000000000 0123456789 0987654321 1029384756 1111111111 1122334455 1123581321 1234512345 1234554321 1234567890
1234567891 123456789a 123456789m 123456789q 123456789z 12345qwert 1q2w3e4r5t 1v7upjw3nt 2012comeer 3d8cubaj2e
3odi15ngxb 3rjs1la7qe 4815162342 5555555555 7894561230 9876543210 a123456789 aaaaaaaaaa abcdefg123 alessandro
alexander1 asdfghjkl1 azertyuiop babygirl12 baseball12 basketball beautiful1 bestfriend butterfly1 california
chocolate1 christian1 christina1 christophe d2xyw89sxj diosesfiel diwtgm8492 dragonball elizabeth1 football12
fqrg7cs493 friendster fuckyou123 g9l2d1fzpy groupd2013 hellokitty hollister1 hollywood1 homelesspa ilovejesus
iloveyou12 justinbieb linkinpark liverpool1 manchester metallica1 motdepasse myspace123 p3rat54797 paintball1
passer2009 password01 password11 password12 poiuytrewq pokemon123 princess12 q1w2e3r4t5 qti7zxh18u qwert12345
qwerty1234 qwertyuiop realmadrid runescape1 sebastian1 september1 sexybitch1 southside1 spiderman1 spongebob1
stephanie1 strawberry superstar1 sweetheart sz9kqcctwy terminator tinkerbell undertaker uqa9ebw445 volleyball
vqsablpzla vrbgqns997 welcome123 yagjecc826 zxcvbnm123 111111111 111222333 123123123 123321123 123454321 123456123
123456789 12345678a 123456abc 123654789 123698745 123789456 123qwe123 123qweasd 135792468 147258369 147852369
147896325 192837465 1password 1qa2ws3ed 321654987 741852963 789456123 963852741 987654321 999999999 a12345678
abc123456 airforce1 alejandra alejandro aleksandr alexander alexandra alexandre amsterdam anastasia argentina
asdasd123 asdasdasd asdfghjkl asdqwe123 australia babygirl1 babygirl2 babygurl1 barcelona baseball1 beautiful
benjamin1 bigdaddy1 bismillah brittany1 brooklyn1 bullshit1 buttercup butterfly career121 carpediem catherine
charlotte chocolate christian christina christine christmas cleopatra cocacola1 computer1 courtney1 cutiepie1
danielle1 elephant1 elizabeth fktrcfylh football1 football2 forever21 francesca francesco francisco fyfcnfcbz
gangster1 getmoney1 godisgood greenday1 gwerty123 happiness hollywood icecream1 idontknow ihateyou1 iloveyou1
iloveyou2 internet1 inuyasha1 jacket025 jamesbond jennifer1 johncena1 jonathan1 katherine killer123 kimberly1
liverpool love4ever mahalkita margarita marseille maryjane1 mercedes1 metallica michelle1 microsoft midnight1
minecraft monkey123 myspace12 nicholas1 nonmember panasonic password1 password2 password3 password4 password5
password7 poohbear1 precious1 princess1 princess2 qazwsx123 qazwsxedc qweasd123 qweasdzxc qwerty123 qwerty321
rammstein rockstar1 runescape samantha1 sample123 savannah1 scarface1 scoobydoo sebastian september shithead1
slipknot1 snickers1 snowball1 soccer123 softball1 spiderman spongebob starwars1 steelers1 stephanie stonecold
sunflower sunshine1 superman1 superstar swordfish target123 teddybear trfnthbyf twilight1 valentina valentine
victoria1 vkontakte westside1 whatever1 wolverine 00000000 11111111 11223344 12121212 12341234 12344321 12345678
1234567a 1234567q 123456aa 1234abcd 1234asdf 1234qwer 12369874 12qwaszx 14789632 19801980 19821982 19841984 19851985
19861986 19871987 19891989 19921992 1a2b3c4d 1g2w3e4r 1q2w3e4r 1qaz1qaz 1qaz2wsx 1qazxsw2 21212121 22222222 25802580
29rsavoy 31415926 55555555 69696969 77777777 87654321 88888888 99999999 a1234567 a1b2c3d4 a1s2d3f4 a838hfid aa123456
aaaaaaaa abc12345 abcd1234 abcdefg1 abcdefgh adgjmptw admin123 america1 amoremio anderson angel123 angelica angelina
anhyeuem anthony1 antonio1 apple123 arsenal1 asdf1234 asdfasdf asdfghjk asshole1 awesome1 babyboy1 babydoll babygirl
baseball beatrice benjamin bigdaddy bitch123 bitches1 blahblah blessed1 blessing blink182 brandon1 brianna1 brittany
brooklyn bubbles1 bulldog1 bulldogs bullshit business butthead cambiami cameron1 carolina caroline casanova champion
changeme charles1 charlie1 chelsea1 chester1 cheyenne chicago1 chicken1 children chocolat chouchou chris123 ciaociao
cjkysirj cocacola colombia colorado comeon11 computer cookies1 corvette courtney cowboys1 creative cristian cristina
crystal1 cupcake1 cutiepie d1lakiss danielle darkness david123 dbrnjhbz december destiny1 diamond1 diamonds digital1
dinosaur dolphin1 dolphins dpbk1234 drowssap einstein element1 elephant emmanuel engineer estrella evildick facebook
fernando fishing1 florence florida1 flowers1 football forever1 frankie1 franklin freedom1 friends1 fuckoff1 fuckyou1
fuckyou2 fuk19600 gabriel1 gabriela gangsta1 gangster garfield gateway1 georgia1 giovanni giuseppe godzilla goldfish
goodluck gordon24 grandma1 green123 greenday hahahaha hallo123 handsome happy123 hardcore harrison heather1 hello123
hercules hotmail1 icecream ig4abox4 ihateyou ilovegod iloveme1 iloveyou india123 infinity internet inuyasha isabella
isabelle iverson3 iw14fi9j j38ifubn jackass1 jackson1 jackson5 james123 jasmine1 jennifer jessica1 jesus123 jesus777
johncena jonathan jordan23 juventus katerina kathleen kawasaki kimberly kingkong kittycat kristina lacrosse ladybug1
lakers24 lasvegas lawrence lebron23 leonardo letmein1 linkedin lizottes logitech lollipop love1234 lovelove loverboy
loveyou1 loveyou2 madison1 mamapapa maradona margaret mariposa marlboro marshall maryjane matthew1 maverick maxwell1
melissa1 mercedes michael1 michelle midnight million2 mitchell money123 monique1 monkey12 monster1 motorola muhammad
mustang1 myspace1 myspace2 natalie1 nathalie newyork1 nicholas nintendo nirvana1 nothing1 november omsairam onelove1
orlando1 pa55word pakistan paradise pass1234 passport passw0rd password passwort patches1 patricia patrick1 peaches1
penelope phoenix1 platinum playboy1 pokemon1 poohbear popcorn1 portugal precious princesa princess pumpkin1 q1w2e3r4
qazwsx12 qq123456 qqww1122 qw123321 qwer1234 qwerasdf qwert123 qwerty12 qwertyui raiders1 rainbow1 rangers1 rebecca1
redneck1 redskins remember rhbcnbyf richard1 rockstar ronaldo7 rush2112 sabrina1 samantha samsung1 santiago satan666
savannah scarface scooter1 scorpion scotland security serenity shannon1 shithead shopping simpsons skittles slipknot
snickers snowball soccer10 soccer11 soccer12 soccer13 softball spencer1 stargate starwars steelers stephen1 sterling
success1 summer08 sunshine super123 superman sureno13 svetlana sweetie1 sweetpea swimming tequiero test1234 thuglife
thunder1 tiffany1 timothy1 trinity1 trouble1 truelove trustno1 twilight valentin vanessa1 veronica veronika victoria
virginia vladimir warcraft welcome1 westside whatever william1 williams winston1 wordpass yankees1 yourmom1 zachary1
zag12wsx zaq12wsx zaq1xsw2 zxcv1234 zxcvbnm1 zzzzzzzz 0000000 0123456 1111111 111111a 123123a 123321a 123321q
1234321 1234560 1234561 1234567 123456a 123456b 123456c 123456d 123456e 123456f 123456g 123456j 123456k 123456l
123456m 123456p 123456q 123456r 123456s 123456t 123456y 123456z 1314520 1478963 1qwerty 5201314 5555555 7654321
7758521 7777777 7895123 8675309 9111961 9379992 a123456 aaaaaa1 aaaaaaa abc1234 abcd123 abcdef1 abcdefg abigail
adrian1 adriana alberto alex123 alexis1 allison alyssa1 amanda1 america andrea1 andrew1 angel12 angela1 angels1
anthony antonio apples1 arsenal asdasd5 asdf123 asdfgh1 asdfghj asdfjkl ashley1 asshole austin1 awesome b123456
baby123 babyboy badboy1 bailey1 baller1 ballin1 banana1 bandit1 barbara barbie1 batman1 beatles benfica bigboy1
blessed blondie blue123 bond007 bonjour boobies booboo1 boston1 bowwow1 bradley brandon brandy1 brianna britney
brooke1 brother bubbles bulldog buster1 butter1 c123456 cameron camille captain carlos1 casper1 cassie1 catdog1
charles charlie charmed cheese1 chelsea cherry1 chester chicago chicken chivas1 chopper claudia compaq1 cookie1
cookies cool123 cooper1 corazon cowboy1 cowboys cricket crystal cupcake cynthia d123456 dakota1 dallas1 dancer1
daniel1 daniela darling denise1 destiny diamond digital dolphin dominic douglas dragon1 dragons dreamer eagles1
eclipse eduardo edward1 element eminem1 england english everton exigent family1 fantasy fashion fatboy1 ferrari
fishing flatron florida flower1 flowers fluffy1 forever francis frankie freedom friends fuck123 fucker1 fuckme1
fuckoff fuckyou gabriel gandalf gangsta gateway general genesis george1 georgia germany ginger1 google1 gracie1
grandma gregory guitar1 hahaha1 hamster hannah1 harley1 heather heaven1 hello12 hesoyam hjvfirf hockey1 horses1
hotdog1 hotmail hottie1 hunter1 iloveme iloveu1 iloveu2 ireland iverson j123456 jackass jackie1 jackson jamaica
january jasmine jasper1 jeffrey jeremy1 jessica jessie1 jetaime john316 johnny1 johnson jordan1 joseph1 joshua1
junior1 jupiter justice justin1 justine k123456 katrina kenneth killer1 kingdom kitten1 klaster krishna kristen
ladybug lakers1 lalala1 lauren1 legolas letmein liberty little1 lolipop london1 lorenzo love101 love123 lovely1
loveme1 loveme2 lovers1 loveyou lucky13 m123456 madison madonna maganda maggie1 mahalko manager marcus1 mariana
martin1 martina master1 matthew maurice maximus maxwell melanie melissa mercury mexico1 michael michele mickey1
miranda mnbvcxz mohamed monica1 monique monkey1 monkey2 monster montana morgan1 mother1 muffin1 mustang mylove1
myspace naruto1 natalia natalie natasha nathan1 ncc1701 network newlife newyork nfnmzyf nicolas nicole1 nigger1
nirvana nothing number1 october oliver1 olivia1 onelove orange1 orlando packers pandora pantera panther pass123
passion patches patrick pauline peaches peanut1 pebbles penguin people1 pepper1 perfect phantom philips phoenix
pikachu pimpin1 pink123 playboy player1 pogiako pokemon pookie1 poop123 poopoo1 popcorn porsche pretty1 prince1
promise pumpkin purple1 pussy69 q123456 qazwsx1 qwer123 qwerty1 qwerty7 qwertyu r123456 rachel1 raiders rainbow
ranger1 rangers raymond rebecca redsox1 ricardo richard robert1 roberto ronaldo rosebud russell s123456 sabrina
saibaba samsung sandra1 school1 scooby1 scooter scorpio secret1 sexy123 sexyboy shadow1 shannon shelby1 shorty1
siemens silver1 single1 skater1 skyline smokey1 snoopy1 soccer1 soccer7 sophie1 sparky1 spartak spencer stalker
stanley star123 stephen steven1 student stupid1 success summer1 sweet16 sweetie tatiana taylor1 teacher tennis1
test123 testing thebest therock thomas1 thunder thx1138 tiffany tigers1 tigger1 timothy tinker1 titanic toshiba
travis1 trinity tristan trouble tudelft turtle1 tweety1 u38fa39 unicorn valeria valerie vampire vanessa victor1
victory vincent warrior weed420 welcome william windows winston xbox360 yankees yellow1 z123456 zachary zxcvbnm
000000 007007 010101 010203 012345 020202 080808 090909 098765 100000 100200 101010 102030 110110 111111 111222
112233 112358 121212 121314 123000 123123 123321 123451 123456 123457 12345a 12345j 12345m 12345q 12345r 12345s
12345t 123654 123789 123987 123abc 123asd 123qaz 123qwe 123zxc 124578 131313 134679 135790 141414 142536 143143
147147 147258 147852 151515 159159 159357 159753 159951 161616 171717 181818 191919 1a2b3c 1bitch 1blood 1q1q1q
1q2w3e 202020 212121 222222 223344 232323 234567 242424 246810 252525 258456 262626 272727 282828 290966 321321
321654 323232 333333 369369 420420 444444 445566 454545 456123 456456 456789 456852 50cent 520520 555555 555666
565656 654123 654321 666666 666999 696969 741852 753951 777777 778899 786786 787878 789456 789789 852456 888888
909090 951753 963852 987654 999999 a11111 a12345 a1b2c3 aaa111 aaaaa1 aaaaaa aaron1 abc123 abcdef access adidas
adrian alaska albert alexis alicia alyssa amanda amber1 amelia andrea andrei andres andrew andrey angel1 angela
angelo angels animal apollo apple1 apples arnold arthur asasas asd123 asdasd asdf12 asdfg1 asdfgh asdzxc ashley
audrey august aurora austin avatar azerty baby12 badboy bailey baller bambam bamboo banana bandit barbie barney
basket batman baxter bbbbbb beauty bella1 bianca bigboy bigdog billy1 bingo1 bitch1 biteme blabla black1 blood1
blue22 bob123 bobby1 bonnie booboo booger boomer boston brandy brenda brian1 brooke bubba1 bubble buddy1 bullet
bunny1 buster butter calvin camaro camila canada cancer candy1 carlos carmen carter casey1 casper cassie cat123
catdog celine celtic chacha chance charly cheese cherry chichi chivas chloe1 chris1 christ church claire coffee
colt45 compaq connor cookie cooper copper coucou cowboy crazy1 cthutq cutie1 daddy1 daisy1 dakota dallas damian
dancer danger daniel danny1 david1 dddddd debbie denise dennis dexter diablo dianne diesel disney doctor dog123
domino donald donkey doudou dragon dreams duncan dustin dylan1 eagle1 eagles eddie1 edward elaine elijah emily1
eminem enigma esther eugene faith1 falcon family fatboy father fatima felipe fender flower fluffy forest france
freddy friday friend froggy fucker fuckme fucku1 fucku2 fylhtq garcia gemini genius george gfhjkm ghbdtn gibson
ginger gizmo1 gloria golden golfer google gordon gracie green1 guitar gunner gwerty hahaha hammer hannah happy1
harley harvey hawaii heaven helena hello1 helpme hg0209 hiphop hitman hockey honda1 honey1 horses hotdog hottie
hummer hunter iceman iloveu indian isabel italia j12345 jackie jacob1 jaguar james1 jamie1 jasmin jason1 jasper
javier jayden jayjay jenny1 jeremy jerome jesse1 jessie jesus1 jesus7 jimmy1 joanna johnny jordan joseph joshua
julian julien junior justin justme karate karina katie1 kayla1 kelly1 kelsey kevin1 killer kirill kisses kissme
kitkat kitten kitty1 kkkkkk knight kobe24 lakers lalala lastfm laura1 lauren legend leslie linked little lol123
lolita lollol london lorena louise loulou love10 love11 love12 love13 love14 love15 love21 love22 love23
love69 lovely loveme lover1 lovers loveu2 loving lucky1 lucky7 m12345 maddie madrid maggie magic1 maksim manman
manuel manutd marcel marcus maria1 marie1 marina marine marion marley martin marvin master matrix matteo max123
megan1 melody mememe merlin mexico michel mickey miguel milano miller millie minnie missy1 mmmmmm molly1 mom123
mommy1 monday money1 monica monika monkey moomoo morgan mother mozart muffin murphy music1 musica mylife mylove
myname mynoob nadine napoli naruto nascar nastya natali nathan nelson nicola nicole nigga1 nigger nikita nikki1
nissan norman oksana oliver olivia online orange oscar1 pamela parker parola pascal peace1 peanut penis1 people
pepper pepsi1 pickle pierre piglet pimpin pizza1 player please poiuyt police polina polska pookie poopoo potter
power1 pppppp pretty prince puppy1 purple pussy1 q12345 q1w2e3 qawsed qaz123 qazqaz qazwsx qazxsw qqq111 qqqqqq
qwaszx qwe123 qweasd qweqwe qwert1 qwerty qwertz qwqwqw rabbit rachel rafael ranger rascal red123 redsox reggie
regina rental rey619 robbie robert rocket rocky1 ronald ronnie ruslan russia rusty1 sadie1 sairam sakura sam123
sammie sammy1 samson samuel sandra sandy1 santos sarah1 sasha1 sassy1 sasuke saturn sayang school scooby secret
serega serena sergey sergio seven7 sexsex sexy12 sexy69 shadow shalom sharon shelby shorty sierra silver silvia
simona simone simple single sister skate1 skater skippy slayer smile1 smiles smiley smokey sniper snoopy soccer
soleil sophia sophie spanky sparky speedy spider spirit sports spring ssssss status stefan stella steven stupid
subaru sultan summer sunday super1 suzuki sweet1 sweets sweety sydney system tamara tanner taurus taylor teddy1
tennis teresa texas1 theman thomas tiger1 tigers tigger tinker tinkle tintin tommy1 tomtom toyota travel travis
trevor tucker turtle tweety tyler1 united vegeta vfhbyf vfrcbv victor viking viktor violet walker walter water1
wesley willie willow wilson winner winnie winter wisdom wizard woaini wwwwww xavier xxxxxx yahoo1 yamaha ybccfy
yellow yfnfif yoyoyo zaq123 zaqwsx zidane zxc123 zxcvbn zxczxc zzzzzz 00000 11111 12345 12413 13579 54321 55555
98765 aaaaa abcde admin angel anton apple asdfg badoo bella billy bitch black bobby brian buddy candy chris daisy
danny david elena emily grace green hallo happy hello honey india james jason jenny jesus jimmy kelly kevin kitty
laura lover lucky magic maria marie mario molly money music never nigga nokia oscar pass1 penis peter power
pussy qw123 qwert rocky sammy sarah sasha smile super sweet tiger tyler zoosk
`;

export const commonPasswords: readonly string[] = wordList.trim().split(/\s+/);

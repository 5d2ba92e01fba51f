"""The coins of the simulated market: name, usual price in USD, and CoinGecko id where it differs.

Only names and orders of magnitude, by rough size; what the coins do is the generator's invention.
Read by ``universe``.
"""

from __future__ import annotations

# "BASE price [coingecko-id]", largest first; without an id it is the lower-case name.
COINS = """
BTC 97000 bitcoin|ETH 3400 ethereum|XRP 2.2 ripple|BNB 650 binancecoin|SOL 190 solana
DOGE 0.18 dogecoin|ADA 0.72 cardano|TRX 0.27 tron|LINK 17 chainlink|AVAX 27 avalanche-2
SUI 3.4 sui|XLM 0.32 stellar|HBAR 0.21 hedera-hashgraph|TON 3.4 the-open-network
BCH 420 bitcoin-cash|LTC 98 litecoin|DOT 4.8 polkadot|UNI 8.5 uniswap|PEPE 0.0000105 pepe
NEAR 3.1 near|APT 6.2 aptos|AAVE 230 aave|ICP 6.4 internet-computer|ETC 21 ethereum-classic
TAO 380 bittensor|SHIB 0.0000135 shiba-inu|POL 0.31 polygon-ecosystem-token
RENDER 4.1 render-token|FIL 3.2 filecoin|ATOM 4.7 cosmos|ARB 0.45 arbitrum|OP 0.92 optimism
INJ 13 injective-protocol|IMX 0.74 immutable-x|ENA 0.48 ethena|S 0.51 sonic-3|SEI 0.24 sei-network
TIA 3.3 celestia|STX 0.85 blockstack|BONK 0.0000182 bonk|WIF 0.72 dogwifcoin|FET 0.71 fetch-ai
GRT 0.11 the-graph|JUP 0.58 jupiter-exchange-solana|LDO 1.1 lido-dao|FLOKI 0.000085 floki
THETA 1.05 theta-token|GALA 0.019 gala|SAND 0.31 the-sandbox|MANA 0.32 decentraland
ALGO 0.22 algorand|VET 0.027 vechain|QNT 88 quant-network|EGLD 18 elrond-erd-2
AXS 3.1 axie-infinity|FLOW 0.42 flow|XTZ 0.78 tezos|A 0.68 vaulta|NEO 7.1 neo|KAVA 0.46 kava
IOTA 0.21 iota|CHZ 0.048 chiliz|ENS 21 ethereum-name-service|CRV 0.62 curve-dao-token
SKY 0.071 sky|SNX 0.83 havven|COMP 47 compound-governance-token|DYDX 0.68 dydx-chain|GMX 17 gmx
RUNE 1.4 thorchain|APE 0.58 apecoin|PENDLE 3.6 pendle|STRK 0.17 starknet|ZK 0.066 zksync
W 0.095 wormhole|PYTH 0.15 pyth-network|JTO 2.4 jito-governance-token|ORDI 9.2 ordinals
1INCH 0.24 1inch|WLD 1.1 worldcoin-wld|BLUR 0.12 blur|MASK 1.6 mask-network|LRC 0.11 loopring
ZRX 0.27 0x|BAT 0.16 basic-attention-token|KSM 17 kusama|ZEC 46 zcash|XMR 215 monero|DASH 26 dash
ZEN 10 zencash|QTUM 2.4 qtum|ONT 0.17 ontology|ZIL 0.013 zilliqa|RVN 0.012 ravencoin|ICX 0.13 icon
IOST 0.0042 iostoken|ONE 0.014 harmony|CELO 0.41 celo|ANKR 0.021 ankr|CTSI 0.085 cartesi
SKL 0.026 skale|STORJ 0.27 storj|OCEAN 0.31 ocean-protocol|COTI 0.075 coti|MTL 0.83 metal
OGN 0.062 origin-protocol|RSR 0.0085 reserve-rights-token|SUSHI 0.72 sushi|YFI 5300 yearn-finance
BAL 1.3 balancer|UMA 1.4 uma|BAND 0.79 band-protocol|KNC 0.37 kyber-network-crystal|API3 0.81 api3
TRB 31 tellor|NMR 9.8 numeraire|LPT 6.1 livepeer|MAGIC 0.16 magic|HIGH 0.58 highstreet
ALICE 0.47 my-neighbor-alice|TLM 0.0055 alien-worlds|SLP 0.0019 smooth-love-potion
YGG 0.21 yield-guild-games|ILV 15 illuvium|GMT 0.058 stepn|GAL 1.4 project-galaxy
LQTY 0.77 liquity|SSV 7.6 ssv-network|FXS 2.1 frax-share|RPL 5.9 rocket-pool
CVX 2.6 convex-finance|PERP 0.34 perpetual-protocol|HOOK 0.14 hooked-protocol|ID 0.19 space-id
EDU 0.13 edu-coin|ARKM 0.53 arkham|CYBER 1.3 cyberconnect|MAV 0.062 maverick-protocol
AGLD 0.79 adventure-gold|PHB 0.52 phoenix-global|ASTR 0.028 astar|GLMR 0.081 moonbeam
MINA 0.23 mina-protocol|ROSE 0.029 oasis-network|KDA 0.51 kadena|CKB 0.0048 nervos-network
CFX 0.081 conflux-token|ACH 0.022 alchemy-pay|WOO 0.075 woo-network|JASMY 0.016 jasmycoin
LUNC 0.000061 terra-luna|LUNA2 0.19 terra-luna-2|USTC 0.013 terrausd|BIGTIME 0.061 big-time
MEME 0.0021 memecoin-2|BEAMX 0.0071 beam-2|RAYSOL 2.7 raydium|SATS 0.00000004 sats-ordinals
RATS 0.000021 rats|CAT 0.0000078 simons-cat|XEC 0.0000215 ecash|MOG 0.00000081 mog-coin
BOB 0.000000032 build-on-bnb|BABYDOGE 0.0000000013 baby-doge-coin|CHEEMS 0.0000013 cheems-token
WHY 0.000000041 why|TURBO 0.0029 turbo|POPCAT 0.31 popcat|BOME 0.0017 book-of-meme
PEOPLE 0.015 constitutiondao|NEIRO 0.00038 neiro-3|PNUT 0.22 peanut-the-squirrel
ACT 0.052 act-i-the-ai-prophecy|MOODENG 0.13 moo-deng|GOAT 0.11 goatseus-maximus
FARTCOIN 0.92 fartcoin|PENGU 0.011 pudgy-penguins|VIRTUAL 1.4 virtual-protocol|AIXBT 0.15 aixbt
TRUMP 11 official-trump|HYPE 24 hyperliquid|BERA 3.1 berachain-bera|IP 4.6 story-2|KAITO 1.5 kaito
LAYER 1.1 solayer|ONDO 0.91 ondo-finance|MOVE 0.21 movement|ME 0.92 magic-eden|USUAL 0.13 usual
EIGEN 1.2 eigenlayer|ETHFI 0.88 ether-fi|REZ 0.011 renzo|OMNI 2.3 omni-network|SAGA 0.31 saga-2
TNSR 0.17 tensor|ALT 0.031 altlayer|MANTA 0.25 manta-network|DYM 0.34 dymension|PIXEL 0.041 pixels
PORTAL 0.068 portal-2|AEVO 0.12 aevo-exchange|METIS 19 metis-token|XAI 0.067 xai-blockchain
ACE 0.61 endurance|NFP 0.073 nfprompt-token|AI 0.14 sleepless-ai|VANRY 0.029 vanar-chain
RONIN 0.61 ronin|ZETA 0.25 zetachain|MYRO 0.024 myro|AXL 0.36 axelar|BB 0.13 bouncebit
NOT 0.0021 notcoin|IO 0.86 io|LISTA 0.21 lista|ZRO 2.4 layerzero|G 0.0125 g-token
BANANA 17 banana-gun|DOGS 0.00016 dogs-2|SUN 0.019 sun-token|SYS 0.051 syscoin
CETUS 0.14 cetus-protocol|CATI 0.11 catizen|HMSTR 0.0024 hamster-kombat|SCR 0.34 scroll
SAFE 0.46 safe|GRASS 1.6 grass|DRIFT 0.54 drift-protocol|SWELL 0.0105 swell-network
COW 0.31 cow-protocol|THE 0.31 thena|ORCA 2.6 orca|CGPT 0.11 chaingpt|GRIFFAIN 0.045 griffain
ZEREBRO 0.032 zerebro|AVAAI 0.052 ava-ai|ARC 0.061 ai-rig-complex|SWARMS 0.022 swarms
SONIC 0.29 sonic-svm|D 0.042 dar-open-network|PROM 5.4 prometeus|VANA 5.6 vana
BIO 0.061 bio-protocol|COOKIE 0.12 cookie|ANIME 0.019 anime|VINE 0.035 vine|PIPPIN 0.021 pippin
MELANIA 0.52 melania-meme|TST 0.052 test-3|CHILLGUY 0.045 chill-guy|GPS 0.022 goplus-security
SHELL 0.14 myshell|RED 0.41 redstone-oracles|NIL 0.34 nillion|PARTI 0.19 particle-network
PLUME 0.16 plume|WAL 0.45 walrus-2|BABY 0.081 babylon|KERNEL 0.16 kernel-2|INIT 0.62 initia
SIGN 0.078 sign-global|SYRUP 0.31 syrup|DEEP 0.17 deep|HYPER 0.13 hyperlane
SXT 0.095 space-and-time|SOPH 0.044 sophon|HUMA 0.038 huma-finance|A2Z 0.0061 arena-z
RESOLV 0.19 resolv|HOME 0.026 home|SPK 0.061 spark-2|SAHARA 0.088 sahara-ai
NEWT 0.29 newton-protocol|ERA 0.91 caldera|LA 0.39 lagrange|PROVE 1.1 succinct|TREE 0.36 treehouse
TOWNS 0.031 towns|C 0.24 chainbase|ALPINE 1.2 alpine-f1-team-fan-token|CHR 0.094 chromaverse
DENT 0.00074 dent|HOT 0.00098 holotoken|IOTX 0.021 iotex|KEY 0.00052 selfkey|NKN 0.031 nkn
REEF 0.00041 reef|RLC 1.1 iexec-rlc|SFP 0.55 safepal|STMX 0.0047 storm|SXP 0.19 swipe
DUSK 0.072 dusk-network|C98 0.056 coin98|CELR 0.0079 celer-network|ARPA 0.022 arpa|ARK 0.42 ark
ATA 0.046 automata|AUCTION 11 auction|BAKE 0.11 bakerytoken|BEL 0.29 bella-protocol
BICO 0.12 biconomy|BNT 0.61 bancor|BSV 32 bitcoin-cash-sv|CAKE 2.4 pancakeswap-token
COMBO 0.041 furucombo|DEGO 1.3 dego-finance|DEGEN 0.0038 degen-base|DIA 0.47 dia-data
DODOX 0.044 dodo|FIDA 0.081 bonfida|FIO 0.016 fio-protocol|FLM 0.032 flamingo-finance
FLUX 0.25 zelcash|FORTH 2.6 ampleforth-governance-token|GAS 3.2 gas|GHST 0.51 aavegotchi
GLM 0.24 golem|GTC 0.29 gitcoin|HFT 0.071 hashflow|HIFI 0.098 hifi-finance|JOE 0.18 joe
KMNO 0.061 kamino|LEVER 0.00031 lever|LOKA 0.062 league-of-kingdoms|LUMIA 0.28 lumia
MBOX 0.055 mobox|MOVR 6.2 moonriver|NTRN 0.12 neutron-3|OXT 0.061 orchid-protocol|PONKE 0.12 ponke
POWR 0.17 power-ledger|QUICK 0.021 quickswap|RAD 0.78 radicle|RDNT 0.024 radiant-capital
RIF 0.051 rif-token|SANTOS 2.1 santos-fc-fan-token|SCRT 0.19 secret|SPELL 0.00056 spell-token
STEEM 0.14 steem|STG 0.21 stargate-finance|SUPER 0.58 superfarm|SYN 0.17 synapse-2
T 0.017 threshold-network-token|TRU 0.035 truefi|TWT 0.81 trust-wallet-token
VELODROME 0.056 velodrome-finance|VIC 0.23 tomochain|VOXEL 0.055 voxies|WAXP 0.023 wax
WIN 0.000055 wink|XVG 0.0061 verge|XVS 6.1 venus|ZKJ 0.31 polyhedra-network
""".replace("\n", "|")

# Coins behind one priced unit on Binance, with the prefix its symbol carries.
MULTIPLIER_PREFIXES = {
    **dict.fromkeys(
        ("PEPE", "SHIB", "BONK", "FLOKI", "LUNC", "SATS", "RATS", "CAT", "XEC", "CHEEMS", "WHY"),
        ("1000", 1000),
    ),
    "MOG": ("1000000", 1_000_000),
    "BOB": ("1000000", 1_000_000),
    "BABYDOGE": ("1M", 1_000_000),
}

# What the venues call differently.
OKX_NAMES = {"LUNA2": "LUNA", "BEAMX": "BEAM", "RAYSOL": "RAY", "RONIN": "RON", "DODOX": "DODO"}

# Listed on one of the two venues only.
NOT_ON_OKX = frozenset(
    {"TLM", "SLP", "PHB", "XVS", "STEEM", "VOXEL", "SFP", "HIGH", "ALPINE", "SANTOS", "XMR"}
)
OKX_ONLY = (("OKB", 48.0, "okb"), ("CORE", 0.52, "coredaoorg"))

# Settled after a rename: their rows stay in Binance's lists for a while. (base, price, id, when)
RENAMED = (
    ("MATIC", 0.38, "matic-network", "2024-09-11T09:00:00+00:00"),
    ("FTM", 0.66, "fantom", "2025-01-13T09:00:00+00:00"),
    ("MKR", 1480.0, "maker", "2025-09-08T09:00:00+00:00"),
)

# Funding intervals shorter than 8 hours.
FUNDING_INTERVAL_H = {
    **dict.fromkeys(("LPT", "TRB", "FARTCOIN", "MELANIA", "VINE", "PIPPIN", "GPS", "NIL"), 4),
    **dict.fromkeys(("SWARMS", "A2Z"), 1),
}

# Traded on CoinGecko only: pegged coins rank high and must not be taken for listings.
UNLISTED = (
    ("USDT", 1.0, "tether", "Tether", 3),
    ("USDC", 1.0, "usd-coin", "USDC", 7),
    ("STETH", 3398.0, "staked-ether", "Lido Staked Ether", 9),
    ("WBTC", 96900.0, "wrapped-bitcoin", "Wrapped Bitcoin", 14),
    ("DAI", 1.0, "dai", "Dai", 24),
    ("LEO", 9.1, "leo-token", "LEO Token", 27),
    ("CRO", 0.092, "crypto-com-chain", "Cronos", 36),
)

# The same ticker on another chain: the small one must not be taken for the large one.
COLLISIONS = (
    ("BTC", "bitcoin-bep2-peg"), ("BTC", "batcat"), ("ETH", "ethereum-wormhole"),
    ("PEPE", "pepe-2"), ("SOL", "sol-wormhole"), ("UNI", "unicorn-token"), ("LINK", "link-meme"),
    ("TRUMP", "maga-trump-2"), ("DOGE", "doge-on-base"), ("S", "s-finance"), ("A", "alpha-coin-a"),
    ("AI", "any-inu-ai"), ("NEIRO", "neiro-on-eth"), ("CAT", "cat-in-a-box"), ("GAS", "gas-dao"),
)  # fmt: skip

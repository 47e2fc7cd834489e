import { ArgsType, Field, Int } from 'type-graphql'
import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from '../page-range'

/** The arguments of every field that returns a page. Null means the default. */
@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    defaultValue: PAGE_LIMIT_DEFAULT,
    description: `The largest number of objects to return: at least 1. More than ${PAGE_LIMIT_MAX} counts as ${PAGE_LIMIT_MAX}.`,
  })
  limit!: number | null

  @Field(() => Int, {
    nullable: true,
    defaultValue: 0,
    description: 'The number of objects to skip first.',
  })
  offset!: number | null
}
